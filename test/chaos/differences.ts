import { violations } from '#test/invariants.ts';
import { ask, canary } from '#test/journeys/tenant.ts';
import { tableRows } from '#test/table-rows.ts';
import { everySeconds, type Site } from './site.ts';

/** An instance as the API shows it. */
export interface Shown {
  readonly uid: string;
  readonly status: string;
  readonly instance_identifier: string;
  readonly reason?: { readonly code: string; readonly detail: string };
}

/** All live instances of these runners. */
export const liveOf = async ({ api }: Site, paths: readonly string[]): Promise<Shown[]> =>
  (await Promise.all(paths.map((path) => ask(api, 'GET', `${path}?live=true&limit=1000`)))).flat();

const networksOf = async (site: Site): Promise<string[]> =>
  ((await site.engine('GET', '/networks')) as { Name: string }[])
    .map(({ Name }) => Name)
    .filter((name) => !['bridge', 'host', 'none'].includes(name));

const volumesOf = async (site: Site): Promise<string[]> =>
  (((await site.engine('GET', '/volumes')) as { Volumes: { Name: string }[] | null }).Volumes ?? []).map(
    ({ Name }) => Name,
  );

/** Folders by which credentials came, and halves of downloads. */
const filesOf = async ({ machine }: Site): Promise<string[]> =>
  (await machine.run('ls -d /run/runner-pilot/input/* /var/lib/docker/agent-state/runner/draft-* 2>/dev/null || true'))
    .split('\n')
    .filter(Boolean);

/** Of the API's promise: figures are at most 20 s old while an instance runs. */
const figuresForMs = 20_000;

const staleFigures = async ({ api }: Site, paths: readonly string[], live: readonly Shown[]): Promise<string[]> => {
  const ages = await Promise.all(
    live.map(async ({ uid }) => {
      const answers = await Promise.all(paths.map((path) => api('GET', `${path}/${uid}/metrics`)));
      const [found] = answers.filter(({ status }) => status === 200);
      return { uid, ageMs: found ? Date.now() - Date.parse(found.body.timestamp) : Number.POSITIVE_INFINITY };
    }),
  );
  return ages
    .filter(({ ageMs }) => ageMs > figuresForMs)
    .map(({ uid, ageMs }) => `the figures of ${uid} are ${ageMs / 1000} s old`);
};

const without = (all: readonly string[], known: readonly string[]) => all.filter((one) => !known.includes(one));

/** Runners at GitHub without an instance. It is given 30 s to forget an ephemeral one by itself. */
export async function leftAtGithub(site: Site, paths: readonly string[]): Promise<string[]> {
  const live = (await liveOf(site, paths)).map((one) => one.instance_identifier);
  const runners = site.github.runners().map(({ name }) => name);
  return without(runners, live).map((name) => `GitHub still has the runner ${name}`);
}

/** In what the table, the engine and the design differ; nothing, once all has converged. */
export async function differences(
  site: Site,
  paths: readonly string[],
  acknowledged: readonly string[],
): Promise<string[]> {
  const [live, containers, networks, volumes, files, rows] = await Promise.all([
    liveOf(site, paths),
    site.containers(),
    networksOf(site),
    volumesOf(site),
    filesOf(site),
    tableRows(site.cloud),
  ]);
  const expected = live.map((one) => one.instance_identifier);
  const names = containers.map(({ name }) => name);
  return [
    ...live
      .filter(({ status }) => status !== 'online')
      .map(({ uid, status, reason }) => `${uid} is ${status} ${JSON.stringify(reason)}`),
    ...without(expected, names).map((name) => `${name} has no container`),
    ...without(names, expected).map((name) => `${name} should have no container`),
    ...containers.filter(({ running }) => !running).map(({ name }) => `${name} does not run`),
    ...without(networks, expected).map((name) => `the network ${name} is left`),
    ...volumes.map((name) => `the volume ${name} is left`),
    ...without(
      files,
      expected.map((name) => `/run/runner-pilot/input/${name.replace(/^rp-/, '')}`),
    ).map((name) => `${name} is left`),
    ...(await staleFigures(
      site,
      paths,
      live.filter(({ status }) => status === 'online'),
    )),
    ...violations(rows, {
      now: Date.now(),
      sweepMs: everySeconds * 1000,
      secrets: [canary],
      acknowledged,
      containers: containers.map(({ name, running }) => ({ name, running, uid: name.replace(/^rp-/, '') })),
    }),
  ];
}
