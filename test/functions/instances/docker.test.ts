import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, refusedWith } from './bodies.ts';
import { openStage, pat, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ RUNNER_PILOT_LOG_LEVEL: 'ERROR' });
});
afterAll(() => stage?.[Symbol.asyncDispose]());
afterEach(async () => {
  expect(await stage.wrongs()).toEqual([]);
});

const at = (node_id: string) => ({ org_id: stage.org, node_id });
const allow = async (node: string, consents: ('dind' | 'socket')[]) =>
  bodyOf(await stage.api.nodes.change({ params: at(node), body: { allow: consents } }));
const ask = (runner: string, node_id?: string) =>
  stage.api.instances.create({
    params: { org_id: stage.org, runner_id: runner },
    body: node_id === undefined ? {} : { node_id },
    headers: { prefer: 'respond-async' },
  });
const park = (node: string) => stage.api.nodes.change({ params: at(node), body: { status: 'inactive' } });

describe('a runner that gives its jobs Docker', () => {
  it('says so, and one that does not says that', async () => {
    const params = { org_id: stage.org, runner_id: await stage.runner() };
    const plain = bodyOf(await stage.api.runners.get({ params }));

    const changed = bodyOf(await stage.api.runners.change({ params, body: { docker: 'dind' } }));
    const back = bodyOf(await stage.api.runners.change({ params, body: { docker: 'none' } }));

    expect([plain.docker, changed.docker, back.docker]).toEqual(['none', 'dind', 'none']);
  });

  it('is refused on a node that does not allow it, with what to do', async () => {
    const node = await stage.node();
    const runner = await stage.runner(pat, { docker: 'dind' });
    await allow(node.uid, ['socket']);

    const detail = refusedWith('node.not-allowed', await ask(runner, node.uid));

    expect(detail).toMatch(
      /^Node-01 does not allow `docker: dind`\. An owner can allow it: `PUT` .*"allow": \["dind"\]/,
    );
    bodyOf(await park(node.uid));
  });

  it('is placed on a node that allows it, and nowhere else', async () => {
    const [one, two] = [await stage.node(), await stage.node()];
    const runner = await stage.runner(pat, { docker: 'socket' });

    expect(refusedWith('node.none-available', await ask(runner))).toContain('Node-01 does not allow `docker: socket`');
    await allow(two.uid, ['socket']);

    const { uid, node } = bodyOf(await ask(runner));
    expect(node.uid).toBe(two.uid);
    expect(await two.toldOf(uid)).toMatchObject({ docker: 'socket' });
    for (const { uid: each } of [one, two]) bodyOf(await park(each));
  });

  it('is granted its Docker by the claim, and others nothing of it', async () => {
    const node = await stage.node();
    await allow(node.uid, ['dind']);
    const grant = async (docker: 'none' | 'dind') => {
      const uid = await stage.instance(await stage.runner(pat, { docker }), node.uid);
      const told = await node.toldOf(uid);
      return [told?.docker, bodyOf(await node.claim(uid, told?.generation ?? 0)).docker];
    };

    expect(await grant('dind')).toEqual(['dind', 'dind']);
    expect(await grant('none')).toEqual([undefined, undefined]);
    bodyOf(await park(node.uid));
  });

  it('starts nothing any more once the consent is withdrawn, and what runs goes on', async () => {
    const node = await stage.node();
    await allow(node.uid, ['dind']);
    const runner = await stage.runner(pat, { docker: 'dind' });
    const runs = await stage.instance(runner, node.uid);
    await node.start(runs);
    const waits = await stage.instance(runner, node.uid);
    const { generation = 0 } = (await node.toldOf(waits)) ?? {};

    await allow(node.uid, []);
    const detail = refusedWith('claim.not-wanted', await node.claim(waits, generation));

    expect(detail).toMatch(/^Node-01 does not allow `docker: dind` any more\. An owner can allow it/);
    expect(bodyOf(await stage.get(runner, waits))).toMatchObject({
      status: 'failed',
      reason: { code: 'docker_not_allowed', detail },
    });
    expect(bodyOf(await stage.get(runner, runs)).status).toBe('online');
    expect(await node.toldOf(runs)).toMatchObject({ want: 'run', docker: 'dind' });
    expect(await node.toldOf(waits)).toMatchObject({ want: 'gone' });
    refusedWith('node.not-allowed', await ask(runner, node.uid));
  });
});
