import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages } from '#local/demo/images.ts';
import { deploymentOf } from '#local/deployment.ts';
import { removeAllOf } from '#test/journeys/containers.ts';
import { type LocalMode, start } from '#test/journeys/local-mode.ts';
import { settleIn, type Tenant } from '#test/journeys/tenant.ts';

/** Local mode in a process of its own, beside a stand-in for GitHub in this one. */
export interface Stage extends AsyncDisposable {
  readonly folder: string;
  readonly deployment: string;
  readonly mode: LocalMode;
  readonly tenant: Tenant;
  readonly github: Github;
  /** Starts it again after it was stopped; `npm start` is measured by that. */
  restart(command?: string[]): Promise<LocalMode>;
}

/** Starts it on a folder of its own, with an organization to which this machine is attached. */
export async function openStage(more: Readonly<Record<string, string>> = {}): Promise<Stage> {
  await using made = new AsyncDisposableStack();
  await makeDemoImages();
  const folder = await mkdtemp(join(tmpdir(), 'rp-bench-'));
  made.defer(() => rm(folder, { recursive: true, force: true }));
  const github: Github = made.use(await startGithub({ host: '0.0.0.0' }));
  const environment = {
    PORT: '0',
    RUNNER_PILOT_LOG_LEVEL: 'ERROR',
    ...github.settings,
    RUNNER_PILOT_RATE_WRITE: '1000/0.01',
    ...more,
  };
  let mode = await start(folder, environment);
  const deployment = deploymentOf(folder);
  made.defer(() => removeAllOf(deployment));
  made.defer(async () => void (await mode.stop()));
  const tenant = await settleIn(mode.url);
  const stack = made.move();
  return {
    folder,
    deployment,
    get mode() {
      return mode;
    },
    tenant,
    github,
    async restart(command) {
      mode = await start(folder, environment, command);
      return mode;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
