import { existsSync } from 'node:fs';
import type { Handler } from './gateway/functions.ts';

/** The handler of an operation, by path: `nodes.create` is `functions/nodes/create.ts`. */
export async function loadFunction(operationId: string): Promise<Handler> {
  const file = new URL(`../functions/${operationId.replaceAll('.', '/')}.ts`, import.meta.url);
  if (!existsSync(file)) throw new Error(`There is no ${file.pathname} for the operation ${operationId}.`);
  const { handler } = await import(/* @vite-ignore */ file.href);
  if (typeof handler !== 'function') throw new Error(`${file.pathname} exports no function "handler".`);
  return handler;
}

/** The event with which EventBridge's schedule calls a function. */
export const scheduledEvent = (id: string, now: number) => ({
  version: '0',
  id,
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: '000000000000',
  time: new Date(now).toISOString(),
  region: 'local',
  resources: [],
  detail: {},
});
