import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Job } from '#local/demo/github/jobs.ts';
import { numbersFrom, shuffled } from '#test/faults/random.ts';
import { until } from '#test/journeys/http.ts';
import { ask, repository } from '#test/journeys/tenant.ts';
import { describeWithMachine } from '#test/machine.ts';
import { differences, leftAtGithub, liveOf } from './differences.ts';
import { chaosFaults, type Strike, suffer } from './faults.ts';
import { printing, wholeLog, wrongLines } from './log.ts';
import { openSite, type Site } from './site.ts';

const all = process.env.RUNNER_PILOT_TEST_ALL === '1';
const seed = Number(process.env.RUNNER_PILOT_TEST_SEED ?? 24);
/** `RUNNER_PILOT_TEST_CASE=3,7`: only these rounds. */
const only = process.env.RUNNER_PILOT_TEST_CASE?.split(',').map(Number);
const lines = 1000;
/** Of the design: a refused start waits for 10 s and more, a lost claim for 30 s; then two syncs and two sweeps. */
const convergesWithinSeconds = 100;
const shippedWithinMs = 5000;

/** What happens in a round: it follows from the seed and its number. */
interface Round {
  readonly number: number;
  readonly strikes: readonly Strike[];
  readonly jobs: number;
  readonly removesAfterMs: number;
  readonly random: () => number;
}

function roundOf(number: number): Round {
  const random = numbersFrom(seed * 1000 + number);
  const [first, ...others] = shuffled(chaosFaults, random);
  // One after another each fault has its round; what comes with it is drawn.
  const main = chaosFaults[(number - 1) % chaosFaults.length] ?? first;
  const more = others.filter((one) => one !== main && !(one.wire && main?.wire)).slice(0, Math.floor(random() * 2.5));
  return {
    number,
    strikes: [main, ...more]
      .filter((fault) => fault !== undefined)
      .filter((fault, index, chosen) => !fault.wire || chosen.findIndex(({ wire }) => wire) === index)
      .map((fault) => ({ fault, afterMs: Math.round(random() * 3500), forMs: Math.round(500 + random() * 3000) })),
    jobs: 1 + Math.floor(random() * 2),
    removesAfterMs: Math.round(random() * 3000),
    random,
  };
}

const describeRound = ({ strikes }: Round) =>
  strikes.map(({ fault, afterMs, forMs }) => `${fault.name} after ${afterMs} ms for ${forMs} ms`).join(', ');
const rounds = Array.from({ length: all ? 200 : 15 }, (_, index) => roundOf(index + 1)).filter(
  ({ number }) => only === undefined || only.includes(number),
);

describeWithMachine(`whatever happens on a machine (seed ${seed})`, () => {
  let site: Site;
  /** Paths of the instances of two runners: one does jobs, of the other instances are deleted. */
  let working: string;
  let idle: string;
  const acknowledged: string[] = [];
  const jobs: Job[] = [];
  /** When which round was. */
  const struck: { readonly round: Round; readonly from: number; readonly to: number }[] = [];
  /** What has struck while a job ran: that may be a later round than its own. */
  const faultsDuring = ({ runs: [run], endedAt = Date.now() }: Job) =>
    struck
      .filter(({ from, to }) => from <= endedAt + shippedWithinMs && to >= (run?.at ?? 0))
      .flatMap(({ round }) => round.strikes.map(({ fault }) => fault));

  beforeAll(async () => {
    site = await openSite({ diskMb: 192 });
    working = await site.makeRunner({ name: 'Working', labels: ['jobs'] });
    idle = await site.makeRunner({ name: 'Idle', labels: ['none'] });
    await until('the node to be online', async () => {
      const { connection, facts } = await ask(site.api, 'GET', `/org/GT/nodes/${site.node}`);
      return connection === 'online' && facts?.engine;
    });
  }, 120_000);
  afterAll(() => site?.[Symbol.asyncDispose](), 60_000);

  const create = async (path: string) => {
    const { uid } = await ask(site.api, 'POST', path, { node_id: site.node }, { prefer: 'respond-async' });
    acknowledged.push(uid);
    return uid as string;
  };
  const removeOne = async (round: Round) => {
    await sleep(round.removesAfterMs);
    const [one] = await liveOf(site, [idle]);
    if (one !== undefined) await site.api('DELETE', `${idle}/${one.uid}`);
  };

  const converged = async (round: Round | undefined) => {
    let found: string[] = ['nobody has looked'];
    const look = async () => {
      found = await differences(site, [working, idle], acknowledged);
      if (round === undefined) found.push(...(await leftAtGithub(site, [working, idle])));
    };
    await until(
      'the table to equal the engine',
      async () => {
        await look().catch((error) => {
          found = [String(error)];
        });
        return found.length === 0;
      },
      convergesWithinSeconds,
    ).catch(() => undefined);
    if (found.length > 0) {
      const what = round === undefined ? 'at the end' : `round ${round.number} (${describeRound(round)})`;
      throw new Error(`seed ${seed}, ${what}: ${found.join('; ')}\n${await site.said()}`);
    }
  };

  test.for(rounds.map((round) => ({ ...round, what: describeRound(round) })))(
    'round $number: $what; all is true again',
    { timeout: 240_000 },
    async (round) => {
      const live = await liveOf(site, [working, idle]);
      const add = Math.max(0, 3 - live.length);
      await Promise.all([
        ...Array.from({ length: round.jobs }, () => create(working)),
        ...Array.from({ length: add }, () => create(idle)),
      ]);
      for (let number = 1; number <= round.jobs; number++) {
        const name = `job-${round.number}-${number}`;
        const steps = [{ run: printing(name, lines) }];
        jobs.push(site.github.queueJob({ repository, name, labels: ['self-hosted', 'jobs'], steps }));
      }

      const begun = Date.now();
      await Promise.all([...round.strikes.map((one) => suffer(site, one, round.random)), removeOne(round)]).catch(
        async (error) => {
          throw new Error(`seed ${seed}, round ${round.number}: ${error.message}\n${await site.said()}`);
        },
      );
      const calmAfter = Date.now();
      struck.push({ round, from: begun, to: calmAfter });
      await converged(round);

      const took = ((Date.now() - calmAfter) / 1000).toFixed(1);
      console.info(
        `round ${round.number} (${describeRound(round)}): ${((calmAfter - begun) / 1000).toFixed(1)} s, converged after ${took} s`,
      );
    },
  );

  test('each job ran once, or its end is explained; and its log is whole', { timeout: 240_000 }, async () => {
    for (let tries = 0; tries < 4; tries++) {
      // What was given to a runner that died before it began is given again after a minute; there may be none for it.
      const waiting = site.github.jobs().filter(({ status }) => status !== 'completed');
      if (waiting.length === 0) break;
      const free = (await liveOf(site, [working])).length;
      await Promise.all(Array.from({ length: Math.max(0, waiting.length - free) }, () => create(working)));
      await until('the jobs', async () => waiting.every(({ status }) => status === 'completed'), 65).catch(
        () => undefined,
      );
    }
    await converged(undefined);

    const wrong: string[] = [];
    for (const job of jobs) {
      const [run] = job.runs;
      if (job.runs.length !== 1 || run === undefined) {
        wrong.push(`${job.name} ran ${job.runs.length} times, and is ${job.conclusion ?? job.status}`);
        continue;
      }
      const path = `${working}/${run.runnerName.replace(/^rp-/, '')}`;
      const { status, reason } = await ask(site.api, 'GET', path);
      const succeeded = job.conclusion === 'Succeeded';
      const faults = faultsDuring(job);
      const excused = faults.some(({ endsJobs }) => endsJobs);
      if (!succeeded && !excused) wrong.push(`${job.name} is ${job.conclusion}, and nothing has ended it`);
      if (!succeeded && (status !== 'stopped' || reason === undefined || reason.code === 'job_completed')) {
        wrong.push(`${job.name} is ${job.conclusion}, and its instance ${status} ${JSON.stringify(reason)}`);
      }
      const gaps = faults.some(({ losesOutput }) => losesOutput);
      const log = await wholeLog(site.api, site.cloud.url, path);
      const during = faults.map(({ name: fault }) => fault).join(', ');
      const about = wrongLines(log, job.name, { lines, whole: succeeded, gaps });
      wrong.push(...about.map((one) => `${one} (${during})`));
    }
    expect(wrong, `seed ${seed}`).toEqual([]);
  });

  test('what is deleted leaves nothing behind', { timeout: 180_000 }, async () => {
    for (const path of [working, idle]) {
      for (const { uid } of await liveOf(site, [path])) await site.api('DELETE', `${path}/${uid}?force=true`);
    }

    await converged(undefined);
    expect(await site.containers()).toEqual([]);
    expect(site.github.runners()).toEqual([]);
    await until('the agent to have forgotten them', async () =>
      (await site.machine.run('cat /var/lib/docker/agent-state/agent.json')).includes('"instances":{}'),
    );
  });
});
