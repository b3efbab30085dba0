import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '#test/journeys/http.ts';
import { ask, repository } from '#test/journeys/tenant.ts';
import type { Stage } from '../stage.ts';
import { renewing } from './renewing.ts';

/** What the load has done so far. */
export interface Done {
  lives: number;
  /** Requests that were told to come again later. */
  refusals: number;
  reads: number;
  /** What went wrong, the newest last. */
  readonly failures: string[];
}

const lifeEveryMs = 6_000;
const readEveryMs = 250;
const label = 'soak';

/**
 * A steady load, until the signal: each few seconds an instance is made, and does a short job that prints or, one in
 * four, is deleted; meanwhile somebody reads.
 */
export async function bearLoad(stage: Stage, image: string, signal: AbortSignal, done: Done): Promise<void> {
  const call = renewing(stage);
  const path = await stage.tenant.makeRunner({ name: 'Working', docker_image: image, labels: [label] });
  // Of these somebody changes their mind. No job is for them, so none is ever busy.
  const idle = await stage.tenant.makeRunner({ name: 'Idle', docker_image: image, labels: ['idle'] });
  const fails = (what: string) => (error: unknown) => {
    const said = error instanceof Error ? error.message : String(error);
    if (/ answered (?:429|503): /.test(said)) done.refusals++;
    else done.failures.push(`${what}: ${said}`);
  };
  let newest: string | undefined;

  const live = async (number: number) => {
    const runner = number % 4 === 0 ? idle : path;
    const made = await ask(await call(), 'POST', runner, {}, { prefer: 'wait=25' });
    const at = `${runner}/${made.uid}`;
    newest = at;
    const is = async (status: string) => (await ask(await call(), 'GET', at)).status === status;
    await until(`${made.uid} to be online`, () => is('online'), 60);
    if (runner === idle) {
      await ask(await call(), 'DELETE', at);
    } else {
      const steps = [{ print: 50 }, { sleepSeconds: 2 }] as const;
      const job = stage.github.queueJob({ repository, name: `job ${number}`, labels: ['self-hosted', label], steps });
      await until(`job ${number} to end`, async () => job.status === 'completed', 60);
      if (job.runs.length !== 1 || job.conclusion !== 'Succeeded') {
        throw new Error(`job ${number} ran ${job.runs.length} times, and is ${job.conclusion}`);
      }
    }
    done.lives++;
  };

  const reads = async () => {
    const paths = () => [
      '/org/GT',
      '/org/GT/nodes',
      `/org/GT/nodes/${stage.tenant.node}`,
      `${path}?live=true`,
      '/common/me',
      ...(newest === undefined ? [] : [newest, `${newest}/logs`, `${newest}/metrics`, `${newest}/events`]),
    ];
    for (let turn = 0; !signal.aborted; turn++) {
      const all = paths();
      const target = all[turn % all.length] ?? '/org/GT';
      const { status, body } = await (await call())('GET', target);
      // Deleted, or without figures yet.
      if (status !== 200 && status !== 404) throw new Error(`${target} answered ${status}: ${JSON.stringify(body)}`);
      done.reads++;
      await sleep(readEveryMs, undefined, { signal }).catch(() => undefined);
    }
  };

  const lives = new Set<Promise<void>>();
  const reading = (async () => {
    while (!signal.aborted) await reads().catch(fails('reading'));
  })();
  for (let number = 1; !signal.aborted; number++) {
    const one = live(number)
      .catch(fails(`life ${number}`))
      .finally(() => lives.delete(one));
    lives.add(one);
    await sleep(lifeEveryMs, undefined, { signal }).catch(() => undefined);
  }
  await Promise.all([...lives, reading]);
  for (const runner of [path, idle]) {
    for (const { uid } of await ask(await call(), 'GET', `${runner}?live=true&limit=1000`)) {
      const { status } = await (await call())('DELETE', `${runner}/${uid}?force=true`);
      if (status !== 200 && status !== 404) done.failures.push(`deleting ${uid}: ${status}`);
    }
  }
}
