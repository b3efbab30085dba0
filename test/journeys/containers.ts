import * as z from 'zod';
import { callEngine } from '#local/demo/engine.ts';

/** This machine's engine. */
export const socket = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
const Listed = z.array(
  z.object({ Id: z.string(), Names: z.array(z.string()), State: z.string(), Labels: z.record(z.string(), z.string()) }),
);

/** A container of one installation, as `docker ps -a` shows it. */
export interface ListedContainer {
  readonly id: string;
  readonly name: string;
  readonly uid: string;
  readonly running: boolean;
}

const labelled = (deployment: string) =>
  encodeURIComponent(JSON.stringify({ label: [`runner-pilot.deployment=${deployment}`] }));

/** What `docker ps -a` shows of this installation: others on the same engine are none of its business. */
export async function containersOf(deployment: string, engine = socket): Promise<ListedContainer[]> {
  const { body } = await callEngine(engine, 'GET', `/containers/json?all=true&filters=${labelled(deployment)}`);
  return Listed.parse(JSON.parse(body.toString('utf8'))).map(({ Id, Names, State, Labels }) => ({
    id: Id,
    name: (Names[0] ?? '').replace(/^\//, ''),
    uid: Labels['runner-pilot.instance'] ?? '',
    running: State === 'running',
  }));
}

/** Removes all that an installation has on the engine: its containers, and their networks. */
export async function removeAllOf(deployment: string): Promise<void> {
  for (const { id } of await containersOf(deployment)) {
    await callEngine(socket, 'DELETE', `/containers/${id}?force=true&v=true`);
  }
  await callEngine(socket, 'POST', `/networks/prune?filters=${labelled(deployment)}`);
}
