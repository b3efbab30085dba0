import { createServer, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { claim, credentials, type Desired, enroll, type Observation, sync } from '#contract/agent.ts';

/** What the stand-in knows of an instance: as much of the real row as the protocol needs. */
export interface Row {
  readonly uid: string;
  readonly reports: z.output<typeof Observation>[];
  desired: Desired;
  /** As the real one: a claim is refused once it has started. */
  started: boolean;
  claims: number;
  gone: boolean;
}

/** A line that has arrived in a log stream. */
export interface Arrived {
  readonly timestamp: number;
  readonly seq: number;
  readonly level: string;
  readonly message: string;
}

type Claimed = z.output<(typeof claim)['reply']>;
type Answer = { readonly status: number; readonly body: unknown; readonly headers?: Record<string, string> };

const PutLogEvents = z.object({
  logGroupName: z.literal('/runner-pilot/test/nodes'),
  logStreamName: z.string(),
  logEvents: z
    .array(z.object({ timestamp: z.int(), message: z.string() }))
    .min(1)
    .max(10_000),
});

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** A stand-in for the control plane and for CloudWatch Logs. Each request is held against the contract. */
export async function startControl() {
  const codes = new Map<string, string>();
  const tokens = new Map<string, string>();
  const rows = new Map<string, Row & { readonly node: string }>();
  const streams = new Map<string, Map<number, string>[]>();
  const puts: { readonly stream: string; readonly events: number; readonly bytes: number }[] = [];
  const breaches: string[] = [];
  const syncs: { readonly node: string; readonly body: z.output<(typeof sync)['body']>; readonly at: number }[] = [];
  const settings = {
    pollSeconds: 1,
    beatSeconds: 1,
    reapSeconds: 1,
    reap: true,
    runner: null as z.output<(typeof sync)['reply']>['runner'],
    retired: new Set<string>(),
    /** Where logs go instead of here. */
    logsUrl: undefined as string | undefined,
    /** Answers instead of the operation, if it gives something. */
    fault: undefined as ((operation: string) => Answer | 'hang' | undefined) | undefined,
    logsFault: undefined as ((stream: string) => Answer | undefined) | undefined,
    /** How long CloudWatch Logs takes for a call. */
    logsDelayMs: 0,
    /** The credential of a start. */
    credential: (row: Row): Claimed => ({
      kind: 'jit',
      secret: 'bm9uZQ==',
      url: 'https://github.com/acme/web',
      name: `rp-${row.uid}`,
      labels: ['self-hosted'],
      ephemeral: true,
    }),
  };

  const problem = (status: number, code: string, headers = {}): Answer => ({
    status,
    body: { type: code, title: code, status, code, detail: `${code}.`, request_id: 'test' },
    headers: { 'content-type': 'application/problem+json', ...headers },
  });
  const read = <T extends z.ZodType>(schema: T, text: string): z.output<T> => {
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    breaches.push(z.prettifyError(parsed.error));
    throw new Error(z.prettifyError(parsed.error));
  };
  const own = <T extends z.ZodType>(schema: T, body: z.input<T>): Answer => ({ status: 200, body: schema.parse(body) });

  const accept = (node: string, seen: z.output<typeof Observation>) => {
    const row = rows.get(seen.uid);
    if (row === undefined || row.node !== node) return;
    if (row.reports.some(({ seq }) => seq === seen.seq)) return;
    row.reports.push(seen);
    if (seen.generation !== row.desired.generation) return;
    if (['running', 'listening', 'busy', 'exited'].includes(seen.state)) row.started = true;
    if (seen.state === 'refused' && seen.retryable) row.desired = { ...row.desired, not_before: Date.now() + 200 };
    if (row.desired.want === 'gone') {
      if (seen.state === 'gone') row.gone = true;
    } else if (seen.state === 'exited' || (seen.state === 'gone' && row.started)) {
      row.desired = { ...row.desired, want: 'gone' };
    }
  };

  const answer = async (request: IncomingMessage): Promise<Answer | 'hang'> => {
    const text = await textOf(request);
    const target = request.headers['x-amz-target'];
    if (typeof target === 'string') {
      await sleep(settings.logsDelayMs);
      return logs(target, text);
    }
    const path = request.url ?? '';
    const operation = path.includes('/claim') ? 'claim' : (path.split('/').at(-1) ?? '');
    const fault = settings.fault?.(operation);
    if (fault !== undefined) return fault;

    if (path === '/agent/enroll') {
      const { code } = read(enroll.body, text);
      const uid = codes.get(code);
      if (uid === undefined) return problem(401, 'enrollment.refused');
      codes.delete(code);
      const token = `${uid}.${code}`;
      tokens.set(token, uid);
      return own(enroll.reply, {
        node: { uid, name: `Node ${uid}`, organization: 'acme', deployment: 'test' },
        token,
        activation: null,
        agent: { version: '0.1.0', sha256: 'x' },
      });
    }
    const node = tokens.get((request.headers.authorization ?? '').replace('Bearer ', ''));
    if (node === undefined) return problem(401, 'token.invalid');
    if (path === '/agent/sync') {
      const body = read(sync.body, text);
      syncs.push({ node, body, at: Date.now() });
      for (const seen of body.observed) accept(node, seen);
      return own(sync.reply, {
        desired: [...rows.values()].filter((row) => row.node === node && !row.gone).map(({ desired }) => desired),
        runner: settings.runner,
        reap: settings.reap,
        retired: settings.retired.has(node),
        poll_seconds: settings.pollSeconds,
        beat_seconds: settings.beatSeconds,
        reap_seconds: settings.reapSeconds,
        telemetry: {
          region: 'local',
          endpoint: settings.logsUrl ?? url,
          group: '/runner-pilot/test/nodes',
          prefix: 'acme/',
        },
        agent: { version: '0.1.0', sha256: 'x' },
      });
    }
    if (path === '/agent/credentials') {
      return own(credentials.reply, {
        access_key_id: 'ASIATEST',
        secret_access_key: 'secret',
        session_token: 'session',
        expires_at: new Date(Date.now() + 900_000).toISOString(),
      });
    }
    const uid = /^\/agent\/instances\/([^/]+)\/claim$/.exec(path)?.[1];
    const row = uid === undefined ? undefined : rows.get(uid);
    if (row === undefined || row.node !== node) return problem(404, 'instance.not-found');
    const { generation } = read(claim.body, text);
    if (row.desired.want === 'gone' || row.gone || generation !== row.desired.generation) {
      return problem(409, 'claim.not-wanted');
    }
    if (row.started) return problem(409, 'claim.started');
    if (Date.now() < (row.desired.not_before ?? 0)) return problem(409, 'claim.wait', { 'retry-after': '1' });
    row.claims++;
    return own(claim.reply, settings.credential(row));
  };

  const logs = (target: string, text: string): Answer => {
    const body: unknown = JSON.parse(text);
    const operation = target.split('.')[1];
    const name = z.object({ logStreamName: z.string() }).parse(body).logStreamName;
    const fault = settings.logsFault?.(name);
    if (fault !== undefined) return fault;
    const refuse = (type: string): Answer => ({ status: 400, body: { __type: type, message: type } });
    if (operation === 'CreateLogStream') {
      if (streams.has(name)) return refuse('ResourceAlreadyExistsException');
      streams.set(name, []);
      return { status: 200, body: {} };
    }
    const events = read(PutLogEvents, text).logEvents;
    const stream = streams.get(name);
    if (stream === undefined) return refuse('ResourceNotFoundException');
    const bytes = events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + 26, 0);
    const sorted = events.every((event, i) => i === 0 || event.timestamp >= (events[i - 1]?.timestamp ?? 0));
    if (bytes > 1_048_576 || !sorted) {
      breaches.push(`PutLogEvents: ${bytes} bytes, sorted ${sorted}`);
      return refuse('InvalidParameterException');
    }
    puts.push({ stream: name, events: events.length, bytes });
    stream.push(...events.map(({ timestamp, message }) => new Map([[timestamp, message]])));
    return { status: 200, body: {} };
  };

  const server = createServer((request, response) => {
    answer(request)
      .catch((error) => problem(400, `request.invalid ${error}`))
      .then((made) => {
        // Hung: the call has had its effect or not, and nobody ever learns.
        if (made === 'hang') return response.destroy();
        response.writeHead(made.status, { 'content-type': 'application/json', ...made.headers });
        return response.end(JSON.stringify(made.body));
      });
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
  await listen(0);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const url = `http://127.0.0.1:${port}`;
  const away = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });

  return {
    url,
    settings,
    rows,
    syncs,
    puts,
    /** Requests that the contract or the service's limits forbid. */
    breaches,
    /** A code that turns a machine into this node. */
    code(uid: string): string {
      const code = `rpe_${uid}_${codes.size}`;
      codes.set(code, uid);
      return code;
    },
    /** Wants an instance. */
    create(node: string, uid: string, image: string, more: Partial<Desired> = {}): Row {
      const desired: Desired = {
        uid,
        generation: Date.now(),
        want: 'run',
        image,
        runner_source: 'auto',
        limits: { cpus: null, memory_mb: null, pids: null },
        grace_seconds: 2,
        ...more,
      };
      const row = { node, uid, desired, started: false, claims: 0, gone: false, reports: [] };
      rows.set(uid, row);
      return row;
    },
    remove(uid: string): void {
      const row = rows.get(uid);
      if (row === undefined) throw new Error(`There is no instance ${uid}.`);
      row.desired = { ...row.desired, want: 'gone', generation: row.desired.generation + 1 };
    },
    /** What a stream has received, in the order of arrival. */
    raw: (stream: string): { timestamp: number; message: string }[] =>
      (streams.get(stream) ?? []).flatMap((event) =>
        [...event].map(([timestamp, message]) => ({ timestamp, message })),
      ),
    /** An instance's log as the API would show it: by time and number, each once. */
    log(uid: string): Arrived[] {
      const all = this.raw(`acme/instance/${uid}`).map(({ timestamp, message }) => ({
        timestamp,
        ...z.object({ seq: z.int(), level: z.string(), message: z.string() }).parse(JSON.parse(message)),
      }));
      const once = new Map(all.map((line) => [`${line.timestamp} ${line.seq}`, line]));
      return [...once.values()].sort((a, b) => a.timestamp - b.timestamp || a.seq - b.seq);
    },
    away,
    back: () => listen(port),
    [Symbol.asyncDispose]: away,
  };
}

/** A stand-in for the control plane. */
export type Control = Awaited<ReturnType<typeof startControl>>;
