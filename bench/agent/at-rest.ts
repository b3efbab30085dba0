import { setTimeout as sleep } from 'node:timers/promises';
import { plainImage } from '#local/demo/images.ts';
import { until } from '#test/journeys/http.ts';
import { ask } from '#test/journeys/tenant.ts';
import { processorSeconds, residentMb } from '../processes.ts';
import { compare, type Measured } from '../report.ts';
import type { Stage } from '../stage.ts';
import { median } from '../statistics.ts';

/** What the agent takes of its machine while instances wait for jobs. */
export async function atRest(
  { tenant: { api, makeRunner } }: Stage,
  node: string,
  agent: number,
  { instances, minutes }: { readonly instances: number; readonly minutes: number },
): Promise<Measured[]> {
  const path = await makeRunner({ name: 'Waiting', docker_image: plainImage, labels: ['waiting'] });
  const made = await Promise.all(
    Array.from({ length: instances }, () => ask(api, 'POST', path, { node_id: node }, { prefer: 'wait=25' })),
  );
  for (const { uid } of made) {
    await until(`${uid} to be online`, async () => (await ask(api, 'GET', `${path}/${uid}`)).status === 'online', 60);
  }
  await sleep(20_000);

  const [from, usedFrom] = [performance.now(), processorSeconds(agent)];
  const memory: number[] = [];
  while (performance.now() - from < minutes * 60_000) {
    await sleep(5_000);
    memory.push(residentMb(agent, 'Rss'));
  }
  const seconds = (performance.now() - from) / 1000;
  const part = ((processorSeconds(agent) - usedFrom) / seconds) * 100;
  for (const { uid } of made) await ask(api, 'DELETE', `${path}/${uid}`);

  const over = `${instances} instances, ${(seconds / 60).toFixed(0)} min`;
  const most = Math.max(...memory);
  return [
    compare('11', `memory of the agent with ${instances} instances, the most`, most, {
      target: { atMost: 90 },
      unit: ' MB',
      digits: 0,
      figures: `${over}, median ${median(memory).toFixed(0)} MB; its own, without what it shares: ${residentMb(agent, 'Anonymous').toFixed(0)} MB`,
    }),
    compare('11', `of a core, with ${instances} instances`, part, {
      target: { atMost: 1 },
      unit: ' %',
      figures: over,
    }),
  ];
}
