import { addressForContainers } from './address.ts';
import { controlRoutes } from './github/controls.ts';
import { createFaults, type Fault } from './github/faults.ts';
import { createFront, credentialOf } from './github/front.ts';
import { type Answer, type Call, match, type Route, serve } from './github/http.ts';
import { createJobs, type Job, type JobOrder } from './github/jobs.ts';
import { labelRoutes } from './github/labels.ts';
import { createReleases } from './github/releases.ts';
import { restRoutes } from './github/rest.ts';
import { serviceRoutes } from './github/service.ts';
import { createState, type RegisteredRunner } from './github/state.ts';
import { defaultRunnerVersion, machineArch } from './runner/tarball.ts';

/** How the stand-in is started. */
export interface GithubOptions {
  /** @default any free one */
  readonly port?: number;
  /**
   * Where it listens. Containers reach it at any address but 127.0.0.1; at `0.0.0.0` it names the Docker bridge's own.
   * @default 127.0.0.1
   */
  readonly host?: string;
  /** @default 2.335.0 */
  readonly version?: string;
  /** Registration tokens that are good for everything and never expire. */
  readonly registrationTokens?: readonly string[];
  /** How long a poll of a runner waits: 50 s at GitHub. @default 50_000 */
  readonly pollMs?: number;
}

/** A call to the REST API, as it was answered. */
export interface RecordedCall {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  /** 0 if it was not answered. */
  readonly status: number;
  /** The credential's first four characters. */
  readonly credential: string;
  readonly body: string;
}

/** GitHub on this machine. */
export interface Github {
  /** What `https://github.com` would be. */
  readonly url: string;
  /** What `https://api.github.com` would be. */
  readonly apiUrl: string;
  /** Where the runner's tarballs are, with `{version}` and `{arch}`. */
  readonly distUrl: string;
  distSha256(arch?: string): string;
  /** The settings by which Runner Pilot asks it instead of GitHub. */
  readonly settings: Readonly<Record<string, string>>;
  readonly calls: readonly RecordedCall[];
  runners(): readonly RegisteredRunner[];
  jobs(): readonly Job[];
  queueJob(order: JobOrder): Job;
  releaseJob(id: number): void;
  cancelJob(id: number): void;
  /** A registration token of an hour, for `owner` or `owner/name`. */
  registrationToken(scope: string): string;
  /** Makes a registration token expire. */
  expireToken(token: string): void;
  /** Answers every call with this credential so: 401, 403 or 404. */
  refuseToken(token: string, status: number): void;
  /** Forgets a runner, as when somebody deletes it in the settings. */
  forgetRunner(name: string): void;
  fail(fault: Fault): void;
  clearFaults(): void;
  /** Steers the clock that tokens, sessions and limits go by; it runs on from there. `undefined`: the real time. */
  setClock(at: number | undefined): void;
  /** Calls an hour and credential. */
  setRateLimit(limit: number): void;
  /** The newest release from now on. */
  setVersion(version: string): void;
  /** Older runners are refused. */
  setMinimumVersion(version: string): void;
  setSessionConflict(times: { pauseSeconds: number; giveUpSeconds: number }): void;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a stand-in for GitHub: its REST API for runners, and what runners themselves talk to. */
export async function startGithub(options: GithubOptions = {}): Promise<Github> {
  const host = options.host ?? '127.0.0.1';
  const name = host === '0.0.0.0' ? await addressForContainers() : host;
  const server = serve((call) => answer(call));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, host, resolve);
  });
  const address = server.address();
  const url = `http://${name}:${typeof address === 'object' && address !== null ? address.port : 0}`;

  const state = createState(url, options.version ?? defaultRunnerVersion);
  const jobs = createJobs(state);
  const faults = createFaults();
  const releases = createReleases(state);
  const calls: RecordedCall[] = [];
  for (const token of options.registrationTokens ?? []) {
    state.issued.set(token, { scope: '*', purpose: 'register', expiresAt: Number.POSITIVE_INFINITY });
  }

  const rest = createFront(state, releases.open, [
    ...releases.closed,
    ...restRoutes(state, jobs),
    ...labelRoutes(state),
  ]);
  const direct: Route[] = [
    ...serviceRoutes(state, jobs, options.pollMs ?? 50_000),
    ...releases.downloads,
    ...controlRoutes(state, jobs),
  ];

  async function answer(call: Call): Promise<Answer> {
    const own = match(direct, call);
    if (own !== undefined) return faults.apply(call, async () => own());
    if (!call.path.startsWith('/api/v3/')) return { status: 404, text: 'Not Found' };
    const path = call.path.slice('/api/v3'.length);
    const made = await faults.apply(call, () => rest({ ...call, path }));
    const credential = credentialOf(call).slice(0, 4);
    calls.push({ at: state.now(), method: call.method, path, status: made.status, credential, body: call.body });
    return made;
  }

  const close = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };

  const apiUrl = `${url}/api/v3`;
  const distUrl = `${url}/actions/runner/releases/download/v{version}/actions-runner-linux-{arch}-{version}.tar.gz`;
  return {
    url,
    apiUrl,
    distUrl,
    distSha256(arch = machineArch) {
      if (arch !== machineArch)
        throw new Error(`The stand-in has runners for ${machineArch} only, this machine's own, not for ${arch}.`);
      return releases.sha256(state.version);
    },
    get settings() {
      return {
        RUNNER_PILOT_GITHUB_API_URL: apiUrl,
        RUNNER_PILOT_GITHUB_URL: url,
        RUNNER_PILOT_RUNNER_DIST_URL: distUrl,
        RUNNER_PILOT_RUNNER_DIST_SHA256: releases.sha256(state.version),
        RUNNER_PILOT_RUNNER_VERSION: state.version,
      };
    },
    calls,
    runners: () => [...state.runners.values()],
    jobs: () => jobs.list(),
    queueJob: jobs.queue,
    releaseJob: jobs.release,
    cancelJob: jobs.cancel,
    registrationToken(scope) {
      const token = `A${state.secret('register').slice(0, 28).toUpperCase()}`;
      state.issued.set(token, { scope: scope.toLowerCase(), purpose: 'register', expiresAt: state.now() + 3600_000 });
      return token;
    },
    expireToken(token) {
      const issued = state.issued.get(token);
      if (issued === undefined) throw new Error('expireToken() was given a token that the stand-in has never issued.');
      issued.expiresAt = 0;
    },
    refuseToken: (token, status) => void state.refused.set(token, status),
    forgetRunner(name) {
      for (const runner of state.runners.values()) if (runner.name === name) state.runners.delete(runner.id);
      state.changed();
    },
    fail: faults.add,
    clearFaults: faults.clear,
    setClock: state.setClock,
    setRateLimit(limit) {
      state.rateLimit = limit;
    },
    setVersion(version) {
      state.version = version;
    },
    setMinimumVersion(version) {
      state.minimumVersion = version;
    },
    setSessionConflict(times) {
      state.sessionConflict = times;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
