import {
  createServer,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { failed, throttled, type WireReply } from './refusals.ts';
import { type WireCall, wireCallOf } from './wire-call.ts';

/** What may happen to a call on the wire. `cut`, `garbled` and `noise` happen to the reply, when the effect is there. */
export const faultKinds = [
  'throttled',
  'failed',
  'refused',
  'hung before',
  'hung after',
  'doubled',
  'cut',
  'garbled',
  'noise',
] as const;

/** What may happen to whoever calls: it is killed before the call has arrived, or before it learns of its effect. */
export const crashKinds = ['killed before', 'killed after'] as const;
export type FaultKind = (typeof faultKinds)[number] | (typeof crashKinds)[number];

/** A fault: which call of an action it hits, the first being 1, and whether it hits what follows at that service too. */
export interface Fault {
  readonly at: number;
  /** Of which operation `at` counts the calls. @default all */
  readonly of?: string;
  readonly kind: FaultKind;
  readonly width: 'once' | 'on';
}

/** What a watch has seen. */
export interface Watched {
  /** The calls, in the order in which they came. */
  readonly calls: readonly WireCall[];
  /** Those that a fault has hit. */
  readonly hit: readonly WireCall[];
}

/** A proxy on the wire between the functions and what they call. */
export interface FaultProxy {
  /** The address that stands for a target's. */
  urlOf(target: string): Promise<string>;
  /** Counts calls from now on, and lets some fail; ends the watch before. */
  watch(...faults: readonly Fault[]): void;
  /** Ends the watch: calls pass again, those that hang are let go. */
  unwatch(): Watched;
  close(): Promise<void>;
}

/** Opens a proxy: `random` decides where a reply is cut and what garbles it, `kill` kills whoever calls. */
export function openFaultProxy(random: () => number, kill: () => Promise<void>): FaultProxy {
  const servers: ReturnType<typeof createServer>[] = [];
  const agent = new HttpAgent({ keepAlive: true });
  const hanging = new Set<ServerResponse>();
  let watching = false;
  let faults: readonly Fault[] = [];
  let calls: WireCall[] = [];
  let hit: { readonly call: WireCall; readonly fault: Fault }[] = [];

  const countOf = (operation?: string) =>
    operation === undefined ? calls.length : calls.filter((one) => one.operation === operation).length;

  function faultOf(call: WireCall): FaultKind | undefined {
    if (!watching) return undefined;
    calls.push(call);
    const begins = ({ of, at }: Fault) => (of === undefined || of === call.operation) && countOf(of) === at;
    const stays = (fault: Fault) =>
      fault.width === 'on' && hit.some((one) => one.fault === fault && one.call.service === call.service);
    const fault = faults.find((one) => begins(one) || stays(one));
    if (fault) hit.push({ call, fault });
    return fault?.kind;
  }

  function forward(target: URL, asked: IncomingMessage, body: Buffer): Promise<WireReply> {
    return new Promise((resolve, reject) => {
      // The Host header is a part of what was signed: it goes on as it came.
      const options = { agent, method: asked.method, headers: asked.headers, host: target.hostname, port: target.port };
      const call = httpRequest({ ...options, path: asked.url }, (reply) => {
        bytesOf(reply).then((read) => {
          const headers = Object.entries(reply.headers).map(([name, value]) => [name, String(value)]);
          resolve({ status: reply.statusCode ?? 0, headers: Object.fromEntries(headers), body: read });
        }, reject);
      });
      call.once('error', reject);
      call.end(body);
    });
  }

  async function answer(target: URL, asked: IncomingMessage, reply: ServerResponse): Promise<void> {
    const body = await bytesOf(asked);
    const call = wireCallOf(asked, body);
    const kind = faultOf(call);
    switch (kind) {
      case 'throttled':
        return send(reply, throttled(call));
      case 'failed':
        return send(reply, failed(call));
      case 'refused':
        return void reply.socket?.destroy();
      case 'hung before':
        return void hanging.add(reply);
      case 'killed before':
        await kill();
        return void reply.socket?.destroy();
      case 'doubled':
        await forward(target, asked, body);
    }
    const made = await forward(target, asked, body);
    switch (kind) {
      case 'hung after':
        return void hanging.add(reply);
      case 'killed after':
        await kill();
        return void reply.socket?.destroy();
      case 'cut':
        return cut(reply, made, random());
      case 'garbled':
        return send(reply, { ...made, body: garble(made.body, random) });
      case 'noise':
        return void reply.socket?.end(garble(Buffer.alloc(64), random));
      default:
        return send(reply, made);
    }
  }

  return {
    async urlOf(target) {
      const url = new URL(target);
      const server = createServer((asked, reply) => {
        answer(url, asked, reply).catch(() => reply.destroy());
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const path = url.pathname === '/' ? '' : url.pathname;
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
    },
    watch(...next) {
      [watching, faults, calls, hit] = [true, next, [], []];
    },
    unwatch() {
      watching = false;
      for (const reply of hanging) reply.destroy();
      hanging.clear();
      return { calls, hit: hit.map(({ call }) => call) };
    },
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
      agent.destroy();
    },
  };
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function send(reply: ServerResponse, { status, headers, body }: WireReply): void {
  const { 'transfer-encoding': _, connection: __, ...kept } = headers;
  reply.writeHead(status, { ...kept, ...(status !== 204 && { 'content-length': body.length }) });
  reply.end(body);
}

/** Sends a part of a reply that promises all of it. */
function cut(reply: ServerResponse, { status, headers, body }: WireReply, share: number): void {
  if (body.length < 2) return void reply.socket?.destroy();
  const { 'transfer-encoding': _, connection: __, ...kept } = headers;
  reply.writeHead(status, { ...kept, 'content-length': body.length });
  reply.write(body.subarray(0, 1 + Math.floor(share * (body.length - 1))), () => reply.socket?.destroy());
}

/** Bytes that nobody can read: neither JSON nor XML begins with a control character. */
function garble(body: Buffer, random: () => number): Buffer {
  const bytes = Buffer.from(body.length === 0 ? '{}' : body);
  for (let at = 0; at < bytes.length; at += 1 + Math.floor(random() * 8)) bytes[at] = Math.floor(random() * 256);
  bytes[0] = 0x01;
  return bytes;
}
