import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { client } from '#contract/client.ts';
import { bundle } from '#infra/bundle.ts';
import { describeFunctions } from '#infra/functions.ts';
import { pascal } from '#infra/names.ts';
import { startCloud } from '#local/cloud.ts';
import { gatewayEvent } from '#test/infra/gateway-event.ts';
import { type Variant, variantsOf } from './cold-start/variants.ts';
import { compare, type Measured } from './report.ts';
import { median, percentile } from './statistics.ts';

const run = promisify(execFile);
const probe = fileURLToPath(new URL('cold-start/probe.ts', import.meta.url));
const measuredFunction = 'organizations.get';

/** One start. */
interface Start {
  readonly importMs: number;
  readonly importCpuMs: number;
  readonly callMs: number;
  readonly status: number | null;
}

async function start(
  { file, environment = {} }: Variant,
  surroundings: NodeJS.ProcessEnv,
  event: string | undefined,
): Promise<Start> {
  const { stderr } = await run(process.execPath, [probe, file, ...(event === undefined ? [] : [event])], {
    env: { ...surroundings, ...environment },
  });
  const start = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as Start;
  if (event !== undefined && start.status !== 200) throw new Error(`${file} has answered ${start.status}: ${stderr}`);
  return start;
}

/** Puts TLS in front of the table, as AWS does: what it costs to load is part of a first call. */
async function behindTls(target: string, folder: string): Promise<{ url: string; close: () => void }> {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=x', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  await run('openssl', ['req', '-x509', ...curve, '-nodes', '-days', '2', ...subject, '-keyout', key, '-out', cert]);
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (from, to) => {
    const { method, headers, url: path = '/' } = from;
    const onward = request(new URL(path, target), { ...(method && { method }), headers }, (answer) => {
      to.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(to);
    });
    from.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close().closeAllConnections(),
  };
}

/** An organization, and the event by which its owner gets it. */
async function authenticatedEvent(url: string): Promise<string> {
  const account = { email: 'cold@example.com', password: 'a cold start' };
  await client({ url }).auth.register({ body: { full_name: 'Cold', ...account } });
  const login = await client({ url }).auth.login({ body: account });
  if (!login.ok) throw new Error(`No login: ${login.problem.detail}`);
  const token = login.body.access_token;
  const organization = { name: 'Cold', short_name: 'cold', type: 'personal' as const };
  await client({ url, token }).onboarding.create({ body: { organization } });
  const headers = { authorization: `Bearer ${token}` };
  const asked = { method: 'GET', url: new URL(`${url}/org/cold`), headers, body: undefined };
  return JSON.stringify(gatewayEvent(asked).event);
}

/** Goals 1 to 3: starts in fresh processes, in turn, so that a busy machine slows all of them. */
export async function coldStarts({ rounds }: { readonly rounds: number }): Promise<readonly Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rp-cold-'));
  try {
    await using cloud = await startCloud({ agent: false, sweepSeconds: 0, env: { RUNNER_PILOT_LOG_LEVEL: 'ERROR' } });
    const event = await authenticatedEvent(cloud.url);
    const tls = await behindTls(cloud.dynamoDbEndpoint, folder);
    const surroundings = {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(AWS_|RUNNER_PILOT_)/.test(name))),
      AWS_ENDPOINT_URL_DYNAMODB: tls.url,
      NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem'),
    };
    const variants = await variantsOf(measuredFunction, pascal(measuredFunction), folder);
    const seen = new Map(variants.map(({ name }) => [name, [] as Start[]]));
    for (let round = 0; round <= rounds; round += 1) {
      for (const variant of variants) {
        const taken = await start(variant, surroundings, variant.name === 'client-dynamodb alone' ? undefined : event);
        // The first round warms the machine's file cache, and the compile cache where there is one.
        if (round > 0) seen.get(variant.name)?.push(taken);
      }
    }
    tls.close();
    const imports = await importsOfAll(folder, surroundings, rounds);
    return reportOf(seen, imports);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Artefact {
  readonly id: string;
  readonly bytes: number;
  readonly ratio: number;
}

/**
 * What each function takes to load, against the least that one can load. In time of the processor: loading waits for
 * nothing else, and a busy machine's clock tells of its neighbours.
 */
async function importsOfAll(
  folder: string,
  surroundings: NodeJS.ProcessEnv,
  rounds: number,
): Promise<readonly Artefact[]> {
  const ids = (await describeFunctions()).map(({ id }) => id);
  const bundles = await bundle(ids, join(folder, 'all'));
  const least = { name: 'least', file: join(folder, 'client/index.js') };
  const artefacts: Artefact[] = [];
  for (const id of ids) {
    const file = `${bundles.folderOf(id)}/index.js`;
    const pairs: number[] = [];
    for (let round = 0; round < Math.max(3, rounds / 4); round += 1) {
      const [one, other] = [
        await start({ name: id, file }, surroundings, undefined),
        await start(least, surroundings, undefined),
      ];
      pairs.push(one.importCpuMs / other.importCpuMs);
    }
    artefacts.push({ id, bytes: statSync(file).size, ratio: median(pairs) });
  }
  return artefacts;
}

function reportOf(seen: ReadonlyMap<string, readonly Start[]>, all: readonly Artefact[]): readonly Measured[] {
  const of = (name: string, what: (start: Start) => number): number => median((seen.get(name) ?? []).map(what));
  const whole = (name: string): number => of(name, ({ importMs, callMs }) => importMs + callMs);
  const figures = [...seen.keys()]
    .map((name) => {
      const [load, call] = [of(name, ({ importMs }) => importMs), of(name, ({ callMs }) => callMs)];
      return `${name} ${load.toFixed(0)}${Number.isNaN(call) ? '' : ` + ${call.toFixed(0)}`} ms`;
    })
    .join(', ');
  const slowest = all.toSorted((one, other) => other.ratio - one.ratio)[0];
  const largest = all.toSorted((one, other) => other.bytes - one.bytes)[0];
  const sizes = all.map(({ bytes }) => bytes / 1024);
  return [
    compare(
      '1',
      'import and first authenticated call, against the usual way',
      whole('as deployed') / whole('the usual way'),
      {
        target: { atMost: 0.5 },
        figures: `${measuredFunction}, import + call: ${figures}`,
      },
    ),
    compare(
      '2',
      'import of the slowest function, against client-dynamodb alone, in processor time',
      slowest?.ratio ?? Number.NaN,
      {
        target: { atMost: 1.2 },
        figures: `${slowest?.id}; median of all ${median(all.map(({ ratio }) => ratio)).toFixed(2)}`,
      },
    ),
    compare('3', 'largest bundle', (largest?.bytes ?? Number.NaN) / 1024, {
      target: { atMost: 400 },
      unit: ' KB',
      digits: 0,
      figures: `${largest?.id}; median ${median(sizes).toFixed(0)}, smallest ${percentile(sizes, 0).toFixed(0)}`,
    }),
  ];
}
