import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { syncDocument as document } from '#agent/document.ts';
import { loadInstallation } from '#local/aws/installation.ts';
import { region, stage as stageName, syncDocument } from '#local/surroundings.ts';
import { startAws, until } from '#test/local/aws/server.ts';
import { bodyOf } from './bodies.ts';
import type { FakeNode } from './fake-node.ts';
import { openStage, type Stage, stageNow } from './stage.ts';

// More nodes than one command reaches, and many more creates than commands. All of goal 8 takes a minute of two cores.
const many = process.env.RUNNER_PILOT_TEST_ALL ? { nodes: 100, instances: 1000 } : { nodes: 60, instances: 240 };
const atOnce = 16;

let stage: Stage;
let ssm: Awaited<ReturnType<typeof startAws>>;
beforeAll(async () => {
  stage = await openStage({
    RUNNER_PILOT_LOG_LEVEL: 'ERROR',
    RUNNER_PILOT_RATE_WRITE: '100000/0.001',
    RUNNER_PILOT_RATE_ENROLL: '100000/0.001',
    // As in AWS.
    RUNNER_PILOT_POLL_SECONDS: '60',
    RUNNER_PILOT_POLL_IDLE_SECONDS: '300',
  });
  // It throttles by the functions' clock, and no client of SSM has been made yet.
  ssm = await startAws({
    region,
    installation: loadInstallation(stage.cloud.dataDir),
    ssm: { stage: stageName, documents: { [syncDocument]: document }, commandsPerSecond: 1, now: stageNow },
  });
  process.env.AWS_ENDPOINT_URL_SSM = ssm.url;
});
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await ssm?.[Symbol.asyncDispose]();
});

/** Runs over numbers, some at once. */
async function together<T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await run(index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

declare module 'vitest' {
  interface TaskMeta {
    /** For the benchmarks' document. */
    figures?: string;
  }
}

/** An agent without a machine: it looks when it is rung and when its time to sync has come, and starts what it is told. */
function agentOf(node: FakeNode, started: Set<string>, failures: unknown[]) {
  let pollAt = 0;
  let last: Promise<void> = Promise.resolve();
  let [waiting, looking] = [0, 0];
  const execute = async () => {
    await look();
    return { status: 'Success', responseCode: 0, stdout: '', stderr: '' } as const;
  };
  const { instanceId: bell } = ssm.ssm.register({ execute });

  async function lookNow(): Promise<void> {
    const told = await node.sync([], { bell });
    pollAt = stageNow() + told.poll_seconds * 1000;
    const listening = [];
    for (const { uid, generation, want } of told.desired) {
      if (want !== 'run' || started.has(uid)) continue;
      bodyOf(await node.claim(uid, generation));
      listening.push(node.seen(uid, generation, 'listening'));
    }
    if (listening.length > 0) await node.sync(listening, { bell });
    // What was claimed and not told of is claimed again, and answered the same.
    for (const { uid } of listening) started.add(uid);
  }
  /** One after another; one that has not begun serves all that ask for it. After what fails it looks again. */
  function look(): Promise<void> {
    if (waiting === 0) {
      waiting++;
      last = last.then(async () => {
        waiting--;
        looking++;
        await lookNow().catch((error: unknown) => {
          failures.push(error);
          pollAt = 0;
        });
        looking--;
      });
    }
    return last;
  }
  return { look, isDue: () => stageNow() >= pollAt, isIdle: () => waiting + looking === 0 };
}

const sent = (status: number) =>
  ssm.calls.filter((one) => one.operation === 'SendCommand' && one.status === status).length;

describe('a bell that takes one command a second', () => {
  it('fails and delays no create, and within two sweeps everything is started', { timeout: 300_000 }, async ({
    task,
  }) => {
    const started = new Set<string>();
    const failures: unknown[] = [];
    const nodes = await together(many.nodes, () => stage.node());
    const agents = nodes.map((node) => agentOf(node, started, failures));
    await Promise.all(agents.map(({ look }) => look()));
    const runner = await stage.runner('ghr_1234567890abcdef');

    const uids = await together(many.instances, (index) => stage.instance(runner, nodes[index % many.nodes]?.uid));

    // Each create has asked once, whatever it was answered.
    expect(sent(200) + sent(400)).toBe(many.instances);
    expect(sent(400)).toBeGreaterThan(0);

    let sweeps = 0;
    for (; sweeps < 2 && started.size < many.instances; sweeps++) {
      for (let second = 0; second < 60; second++) {
        stage.pass(1000);
        await Promise.all(agents.filter(({ isDue }) => isDue()).map(({ look }) => look()));
      }
      await stage.cloud.sweep();
      await until(() => agents.every(({ isIdle }) => isIdle()));
    }

    expect(started, failures.join()).toEqual(new Set(uids));
    const rows = (await stage.rows()).filter(({ row_type }) => row_type === 'instance');
    expect(
      rows.map(({ state }) => state),
      failures.join(),
    ).toEqual(uids.map(() => 'running'));
    expect(ssm.calls.filter(({ operation }) => operation !== 'SendCommand')).toEqual([]);
    expect(ssm.errors).toEqual([]);
    task.meta.figures = `${many.instances} creates on ${many.nodes} nodes; ${sent(200)} commands taken, ${sent(400)} refused, no other call to SSM; all started after ${sweeps} sweeps`;
  });
});
