import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { callEngine } from '#local/demo/engine.ts';
import { plainImage } from '#local/demo/images.ts';
import { containersOf } from '#test/journeys/containers.ts';
import { until } from '#test/journeys/http.ts';
import { ask } from '#test/journeys/tenant.ts';
import { compare, type Measured } from './report.ts';
import type { Stage } from './stage.ts';
import { median, percentile, timed } from './statistics.ts';

const socket = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
/** Beside the range from which instances get theirs. */
const benchRange = '10.214.0';
const Created = z.object({ Id: z.string() });
const Inspected = z.object({ State: z.object({ StartedAt: z.string() }) });

const engine = async (method: string, path: string, body?: unknown): Promise<unknown> => {
  const answer = await callEngine(socket, method, path, body);
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.body}`);
  return answer.body.length === 0 ? undefined : JSON.parse(answer.body.toString('utf8'));
};

/** When the engine has started a container, in its own words. */
const startedAt = async (id: string): Promise<number> =>
  Date.parse(Inspected.parse(await engine('GET', `/containers/${id}/json`)).State.StartedAt);

/**
 * The engine's own create and start, from the call until the container runs, on the default bridge or each on a network
 * that is made for it, as an instance's is; all is removed afterwards.
 */
async function engineAlone(count: number, network: 'shared' | 'own' = 'shared'): Promise<number> {
  const from = Date.now();
  const ids = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const name = `rp-bench-${randomUUID()}`;
      const Subnet = `${benchRange}.${index * 16}/28`;
      if (network === 'own') await engine('POST', '/networks/create', { Name: name, IPAM: { Config: [{ Subnet }] } });
      const made = await engine('POST', `/containers/create?name=${name}`, {
        Image: plainImage,
        Cmd: ['sleep', '300'],
        ...(network === 'own' && { HostConfig: { NetworkMode: name } }),
      });
      const { Id } = Created.parse(made);
      await engine('POST', `/containers/${Id}/start`);
      return { Id, name };
    }),
  );
  const last = Math.max(...(await Promise.all(ids.map(({ Id }) => startedAt(Id)))));
  await Promise.all(
    ids.map(async ({ Id, name }) => {
      await engine('DELETE', `/containers/${Id}?force=true`);
      if (network === 'own') await engine('DELETE', `/networks/${name}`);
    }),
  );
  return last - from;
}

/** Goals 6 and 7: instances on a real engine, in turn with the engine's own containers. */
export async function instances(
  stage: Stage,
  { pairs, rounds, withinMs }: { readonly pairs: number; readonly rounds: number; readonly withinMs: number },
): Promise<Measured[]> {
  const { api } = stage.tenant;
  const path = await stage.tenant.makeRunner({ name: 'Bench', docker_image: plainImage });
  const names = async () => (await containersOf(stage.deployment)).map(({ name }) => name);
  const create = (prefer: string) => ask(api, 'POST', path, {}, { prefer });
  const containerIsGone = (name: string) =>
    until(`${name} to be gone`, async () => !(await names()).includes(name), 60);

  /** From the request until the last of them runs. */
  const running = async (count: number) => {
    const from = Date.now();
    const made = await Promise.all(Array.from({ length: count }, () => create('respond-async')));
    const wanted = made.map(({ instance_identifier }) => String(instance_identifier));
    const found = await until(
      `${count} containers to run`,
      async () => {
        const there = (await containersOf(stage.deployment)).filter((one) => one.running && wanted.includes(one.name));
        return there.length === count && there;
      },
      60,
    );
    const last = Math.max(...(await Promise.all(found.map(({ id }) => startedAt(id)))));
    await Promise.all(
      made.map(({ uid }) =>
        until(`${uid} to be online`, async () => (await ask(api, 'GET', `${path}/${uid}`)).status === 'online', 60),
      ),
    );
    for (const { uid } of made) await ask(api, 'DELETE', `${path}/${uid}`);
    await Promise.all(wanted.map(containerIsGone));
    return last - from;
  };

  const begun = performance.now();
  const spent = () => (performance.now() - begun) / withinMs;
  const took = {
    alone: [] as number[],
    withNetwork: [] as number[],
    ours: [] as number[],
    online: [] as number[],
    gone: [] as number[],
  };
  await running(1);
  while (took.ours.length < pairs && spent() < 0.6) {
    took.alone.push(await engineAlone(1));
    took.withNetwork.push(await engineAlone(1, 'own'));
    const from = Date.now();
    const { ms, result: made } = await timed(() => create('wait=25'));
    if (made.status !== 'online') throw new Error(`An instance is ${made.status}: ${JSON.stringify(made.reason)}`);
    took.online.push(ms);
    took.ours.push((await startedAt(made.instance_identifier)) - from);
    const { ms: goneMs } = await timed(async () => {
      await ask(api, 'DELETE', `${path}/${made.uid}`);
      await containerIsGone(made.instance_identifier);
    });
    took.gone.push(goneMs);
  }
  const ten = { alone: [] as number[], withNetwork: [] as number[], ours: [] as number[] };
  for (let round = 0; round < rounds && (round === 0 || spent() < 0.7); round++) {
    ten.alone.push(await engineAlone(10));
    ten.withNetwork.push(await engineAlone(10, 'own'));
    ten.ours.push(await running(10));
  }

  const figuresOf = (ours: readonly number[], alone: readonly number[]) =>
    `p50 ${median(ours).toFixed(0)} against ${median(alone).toFixed(0)} ms, ${ours.length} pairs`;
  const seconds = (values: readonly number[], part: number) => percentile(values, part) / 1000;
  const spread = (values: readonly number[]) => `${values.length} times, longest ${seconds(values, 1).toFixed(2)} s`;
  return [
    compare(
      '6',
      'create → container running, against the engine’s own create and start',
      median(took.ours) / median(took.alone),
      {
        target: { atMost: 1.5 },
        figures: figuresOf(took.ours, took.alone),
      },
    ),
    compare('6', 'ten at once, against the engine’s own ten', median(ten.ours) / median(ten.alone), {
      target: { atMost: 1.2 },
      figures: figuresOf(ten.ours, ten.alone),
    }),
    compare(
      '6',
      'the same, against the engine’s own with a network for each, as instances have ([why](adr/0023-a-network-for-each-instance.md))',
      median(took.ours) / median(took.withNetwork),
      { target: { atMost: 1.5 }, figures: figuresOf(took.ours, took.withNetwork) },
    ),
    compare(
      '6',
      'ten at once, against the engine’s own ten with a network for each',
      median(ten.ours) / median(ten.withNetwork),
      { target: { atMost: 1.2 }, figures: figuresOf(ten.ours, ten.withNetwork) },
    ),
    compare('7', 'create → online, p50', seconds(took.online, 0.5), {
      target: { atMost: 2 },
      unit: ' s',
      figures: spread(took.online),
    }),
    compare('7', 'create → online, p99', seconds(took.online, 0.99), {
      target: { atMost: 5 },
      unit: ' s',
      figures: spread(took.online),
    }),
    compare('7', 'delete → container gone, p99', seconds(took.gone, 0.99), {
      target: { atMost: 5 },
      unit: ' s',
      figures: `p50 ${seconds(took.gone, 0.5).toFixed(2)} s, ${spread(took.gone)}`,
    }),
  ];
}
