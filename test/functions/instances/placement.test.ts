import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, refusedWith } from './bodies.ts';
import { openStage, pat, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ RUNNER_PILOT_RATE_WRITE: '100000/1', RUNNER_PILOT_LOG_LEVEL: 'ERROR' });
});
afterAll(() => stage?.[Symbol.asyncDispose]());
afterEach(async () => {
  expect(await stage.wrongs()).toEqual([]);
});

const ask = (runner: string) =>
  stage.api.instances.create({
    params: { org_id: stage.org, runner_id: runner },
    body: {},
    headers: { prefer: 'respond-async' },
  });
const placed = async (runner: string) => bodyOf(await ask(runner)).node.uid;

describe('an instance whose node is left out', () => {
  it('is on one that has what the runner needs, else nowhere, which says why for each', async () => {
    const node = await stage.node({ labels: ['gpu'] });
    const fit = await stage.runner(pat, { node_labels: ['gpu'], architecture: 'x64' });
    const unfit = await stage.runner(pat, { node_labels: ['gpu'], architecture: 'arm64' });

    expect(await placed(fit)).toBe(node.uid);
    expect(refusedWith('node.none-available', await ask(unfit))).toContain('Node-01 is x64, and not arm64');
    bodyOf(await stage.api.nodes.change({ params: at(node.uid), body: { status: 'inactive' } }));
  });

  it('is spread or packed, as the organization wants it', async () => {
    const [one, two] = [await stage.node({ labels: ['mine'] }), await stage.node({ labels: ['mine'] })];
    const runner = await stage.runner(pat, { node_labels: ['mine'] });
    const params = { org_id: stage.org };
    expect(bodyOf(await stage.api.organizations.get({ params })).placement).toBe('spread');

    const spread = [await placed(runner), await placed(runner)];
    bodyOf(await stage.api.organizations.change({ params, body: { placement: 'binpack' } }));
    const packed = [await placed(runner), await placed(runner), await placed(runner)];

    expect(spread.sort()).toEqual([one.uid, two.uid].sort());
    expect(new Set(packed).size).toBe(1);
    for (const { uid } of [one, two]) {
      bodyOf(await stage.api.nodes.change({ params: at(uid), body: { status: 'inactive' } }));
    }
  });

  it('never overfills a node, however many are asked for at once', async () => {
    const nodes = [await stage.node({ max_instances: 7 }), await stage.node({ max_instances: 4 })];
    const runner = await stage.runner();

    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(runner)));

    const made = answers.filter(({ ok }) => ok).length;
    const codes = new Set(answers.flatMap((answer) => (answer.ok ? [] : [answer.problem.code])));
    const counted = await Promise.all(
      nodes.map(async ({ uid }) => bodyOf(await stage.api.nodes.get({ params: at(uid) })).instances),
    );
    expect(counted[0]).toBeLessThanOrEqual(7);
    expect(counted[1]).toBeLessThanOrEqual(4);
    expect(made).toBe((counted[0] ?? 0) + (counted[1] ?? 0));
    // Those that waited too long for the others may try again; nobody is told anything else.
    expect([...codes].filter((code) => !['node.none-available', 'service.unavailable'].includes(code))).toEqual([]);
    let answer = await ask(runner);
    while (answer.ok) answer = await ask(runner);
    expect(refusedWith('node.none-available', answer)).toMatch(/has 7 of at most 7.*has 4 of at most 4/);
  }, 60_000);
});

const at = (node_id: string) => ({ org_id: stage.org, node_id });
