import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import * as z from 'zod';
import { fetchText } from './http.ts';

/** What the door asks for. */
export interface DoorCalls {
  /** How many nodes were rung. */
  ring(): number;
  status(): unknown;
  enroll(order: EnrollOrder): Promise<{ readonly status: number; readonly body: unknown }>;
}

/** The order to enroll this machine. */
export const EnrollOrder = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  code: z.string().min(1).max(128),
  bell: z.enum(['register', 'none']).default('none'),
});
export type EnrollOrder = z.output<typeof EnrollOrder>;

/** Where the door of a run folder is. */
export const doorPath = (runFolder: string): string => join(runFolder, 'agent.sock');

const mostBytes = 8192;

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > mostBytes) throw new Error('The body is too large.');
  }
  return JSON.parse(text);
}

/** Opens the door: an HTTP server on a socket that only this machine's owner of the run folder reaches. */
export async function openDoor(runFolder: string, calls: DoorCalls) {
  mkdirSync(runFolder, { recursive: true, mode: 0o700 });
  const path = doorPath(runFolder);

  const answer = async (request: IncomingMessage): Promise<{ status: number; body: unknown }> => {
    const called = `${request.method} ${request.url}`;
    if (called === 'POST /sync') return { status: 202, body: { rung: calls.ring() } };
    if (called === 'GET /status') return { status: 200, body: calls.status() };
    if (called !== 'POST /enroll')
      return { status: 404, body: { detail: 'The agent knows POST /sync, GET /status and POST /enroll.' } };
    const order = EnrollOrder.safeParse(await bodyOf(request).catch(() => undefined));
    if (!order.success)
      return { status: 400, body: { detail: 'The order is {"url", "code", "bell"?: "register" or "none"}.' } };
    return calls.enroll(order.data);
  };

  const server = createServer((request, response) => {
    answer(request)
      .catch((error) => ({ status: 500, body: { detail: `${error instanceof Error ? error.message : error}` } }))
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(`${JSON.stringify(body)}\n`);
      });
  });
  // Whoever holds the lock of the state folder is the only agent, so what lies there is a dead one's.
  if (await answers(path)) throw new Error(`Another agent answers at ${path}. Give each a run folder of its own.`);
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return {
    close(): void {
      server.closeAllConnections();
      server.close();
      rmSync(path, { force: true });
    },
  };
}

const answers = (socket: string): Promise<boolean> =>
  fetchText({ target: { socket, path: '/status' }, method: 'GET', timeoutSeconds: 5 }).then(
    () => true,
    () => false,
  );
