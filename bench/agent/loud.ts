import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { callEngine } from '#local/demo/engine.ts';
import { plainImage } from '#local/demo/images.ts';
import { wholeLog } from '#test/chaos/log.ts';
import { caller, until } from '#test/journeys/http.ts';
import { ask, repository } from '#test/journeys/tenant.ts';
import { processorSeconds, residentMb } from '../processes.ts';
import { compare, type Measured } from '../report.ts';
import type { Stage } from '../stage.ts';
import { median } from '../statistics.ts';

const socket = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
const lines = 500_000;
const burst = 5_000;
// Ten bursts a second, and a little more than that, for a burst takes its time as well.
const script = `
uptime() { read -r now _ </proc/uptime; echo "$1 $now"; }
uptime began
at=0
while [ "$at" -lt ${lines} ]; do
  seq $((at + 1)) $((at + ${burst})) | sed 's/^/numbered /'
  at=$((at + ${burst}))
  sleep PAUSE
done
uptime ended`;

/** How long it took, by the container's own words. */
function secondsOf(messages: readonly string[]): number {
  const said = (word: string) =>
    Number(messages.map((one) => new RegExp(`^${word} ([\\d.]+)$`).exec(one)?.[1]).find((one) => one !== undefined));
  return said('ended') - said('began');
}

/** The same script in a container like an instance's, of which nobody reads the output. */
async function alone(program: string): Promise<number> {
  const { body } = await callEngine(socket, 'POST', `/containers/create?name=rp-bench-${randomUUID()}`, {
    Image: plainImage,
    Cmd: ['/bin/sh', '-c', program],
    HostConfig: { LogConfig: { Type: 'json-file', Config: { 'max-size': '16m', 'max-file': '4' } } },
  });
  const { Id } = z.object({ Id: z.string() }).parse(JSON.parse(body.toString('utf8')));
  try {
    await callEngine(socket, 'POST', `/containers/${Id}/start`);
    await callEngine(socket, 'POST', `/containers/${Id}/wait`);
    const read = async (tail: string) => {
      const answer = await callEngine(socket, 'GET', `/containers/${Id}/logs?stdout=true&tail=${tail}`);
      return answer.body.toString('latin1');
    };
    // Each line is after a header of eight bytes.
    return secondsOf((await read('all')).split('\n').map((one) => one.slice(8)));
  } finally {
    await callEngine(socket, 'DELETE', `/containers/${Id}?force=true`);
  }
}

/** Lines of a container, shipped: none missing, none twice, and the container not slowed by it. */
export async function loud(stage: Stage, node: string, agent: number): Promise<Measured[]> {
  const { api, makeRunner } = stage.tenant;
  const path = await makeRunner({ name: 'Loud', docker_image: plainImage, labels: ['loud'] });
  const used: number[] = [];
  let most = 0;

  const shipped = async (program: string) => {
    const { uid } = await ask(api, 'POST', path, { node_id: node }, { prefer: 'wait=25' });
    const at = `${path}/${uid}`;
    await until('it to be online', async () => (await ask(api, 'GET', at)).status === 'online', 30);
    const order = { repository, name: 'loud', labels: ['self-hosted', 'loud'], steps: [{ run: program }] };
    const job = stage.github.queueJob(order);
    const from = processorSeconds(agent);
    while (job.status !== 'completed') {
      await sleep(500);
      most = Math.max(most, residentMb(agent, 'Rss'));
    }
    await until('its end to be told', async () => (await ask(api, 'GET', at)).status === 'stopped', 60);
    used.push(processorSeconds(agent) - from);
    process.stdout.write(
      `       (${program.includes('sleep 0\n') ? 'flood' : 'paced'}: ${used.at(-1)?.toFixed(1)} s of the agent's)\n`,
    );
    // Its end is told at once, and what it said may come later.
    const isThere = async () =>
      ((await ask(api, 'GET', `${at}/logs?limit=100`)) as { message: string }[]).some(({ message }) =>
        message.startsWith('ended '),
      );
    await until('its last line', isThere, 180).catch(() => undefined);
    const log = await wholeLog(caller(stage.mode.url, stage.tenant.token), stage.mode.url, at);
    const messages = log.map(({ message }) => message);
    const numbers = messages.flatMap((one) => /^numbered (\d+)$/.exec(one)?.[1] ?? []).map(Number);
    const firstWrong = numbers.findIndex((number, index) => number !== index + 1);
    return { seconds: secondsOf(messages), whole: numbers.length === lines && firstWrong === -1, come: numbers.length };
  };

  const compareAt = async (pause: string, rounds: number) => {
    const program = script.replace('PAUSE', pause);
    const took = { alone: [] as number[], ours: [] as number[] };
    let come = 0;
    let whole = true;
    for (let round = 0; round < rounds; round++) {
      took.alone.push(await alone(program));
      const ours = await shipped(program);
      took.ours.push(ours.seconds);
      come += ours.come;
      whole &&= ours.whole;
    }
    return { ours: median(took.ours), alone: median(took.alone), come, whole, expected: lines * rounds };
  };

  const paced = await compareAt('0.05', 2);
  const flood = await compareAt('0', 2);
  const rate = lines / paced.ours;
  const figuresOf = ({ ours, alone }: typeof paced) =>
    `${ours.toFixed(2)} against ${alone.toFixed(2)} s for ${lines} lines (${(lines / ours / 1000).toFixed(0)},000 a second)`;
  return [
    compare('11', 'lines a second from a container', rate, { target: { atLeast: 50_000 }, digits: 0 }),
    compare('11', 'of them shipped, in order and once', (paced.come / paced.expected) * (paced.whole ? 1 : 0), {
      target: { atLeast: 1 },
      figures: `${paced.come} of ${paced.expected}; the agent had ${most.toFixed(0)} MB at most, and took ${median(used).toFixed(1)} s of processor a run`,
    }),
    compare('11', 'time of the container, against the same without the agent', paced.ours / paced.alone, {
      target: { atMost: 1.1 },
      figures: figuresOf(paced),
    }),
    compare('11', 'the same as fast as it can', flood.ours / flood.alone, {
      target: { atMost: 1.1 },
      figures: `${figuresOf(flood)}; ${flood.come} of ${flood.expected} shipped`,
    }),
  ];
}
