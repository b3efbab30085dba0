import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { type GithubFailure, type GithubResult, githubScope } from '#domain/github.ts';
import { containerName } from '#domain/instance.ts';
import type { Runner } from '#domain/runner.ts';
import { deploymentLabel, fullLabels, ownLabels, runnerLabel } from '#domain/runner-labels.ts';
import type { GithubRunner } from '#github/runners.ts';
import type { Scope } from '#store/scope.ts';
import { service } from '../service.ts';
import { credentialReader } from './credentials.ts';
import { github } from './github.ts';

/** What an instance's container starts its runner with. */
export interface StartCredential {
  readonly kind: 'jit' | 'registration' | 'restart';
  readonly secret: string;
  readonly url: string;
  readonly name: string;
  readonly labels: string[];
  readonly ephemeral: boolean;
}

/** For which instance, on a machine of which architecture. */
export interface Start {
  readonly instance: string;
  readonly architecture: string;
}

/** What came of making GitHub forget a runner. */
export type Forgotten = 'forgotten' | 'busy' | 'failed' | 'unknown';

/** What is done at GitHub in the name of a runner, with its credential. */
export interface Registrar {
  /** Makes what an instance starts with, at this moment: it is good once and for minutes. */
  mint(scope: Scope, runner: Runner, start: Start): Promise<GithubResult<StartCredential>>;
  /** What goes with an instance that starts again: its registration lies in its container. */
  restart(runner: Runner, instance: string): StartCredential;
  /** Makes GitHub forget the runner of an instance, unless it runs a job. `unknown`: we have no credential to ask with. */
  forget(scope: Scope, runner: Runner | undefined, instance: string, timeoutMs: number): Promise<Forgotten>;
  /** The runners that GitHub has of this one: only those that bear our labels. */
  list(scope: Scope, runner: Runner): Promise<GithubResult<readonly GithubRunner[]>>;
  /** Removes one of those by its id, after asking once more. */
  removeStray(scope: Scope, runner: Runner, id: number): Promise<Forgotten>;
}

const expired = (runner: Runner): GithubFailure => ({
  kind: 'unauthorized',
  detail: `The registration token of ${runner.name} has expired: it lives for an hour. Give the runner a new one, or better a personal access token.`,
});

/** GitHub's side of an instance. */
export const registrar = service({
  id: 'registrar',
  config: z.object({ RUNNER_PILOT_DEPLOYMENT: z.string().min(1) }),
  uses: [github, credentialReader],
  open: ({ RUNNER_PILOT_DEPLOYMENT: deployment }, { use, clock, log }): Registrar => {
    const { api, urlOf } = use(github);
    const sealed = use(credentialReader);

    const removeById = async (runner: Runner, token: string, id: number, timeoutMs: number): Promise<Forgotten> => {
      const removed = await api.removeRunner(githubScope(runner.github_repo), token, id, timeoutMs);
      if (removed.ok) return removed.value === 'busy' ? 'busy' : 'forgotten';
      log.warn('a runner was not removed at GitHub', { runner: runner.uid, reason: removed.failure.detail });
      return 'failed';
    };

    async function forgetByName(scope: Scope, runner: Runner, instance: string, timeoutMs: number): Promise<Forgotten> {
      const token = (await sealed.open(scope, runner)).reveal();
      const found = await api.findRunner(githubScope(runner.github_repo), token, containerName(instance));
      if (!found.ok) return 'failed';
      return found.value ? removeById(runner, token, found.value.id, timeoutMs) : 'forgotten';
    }

    async function mint(scope: Scope, runner: Runner, start: Start): Promise<GithubResult<StartCredential>> {
      const token = (await sealed.open(scope, runner)).reveal();
      const at = githubScope(runner.github_repo);
      const name = containerName(start.instance);
      const common = { url: urlOf(runner.github_repo), name, ephemeral: runner.ephemeral };
      const labels = ownLabels(deployment, runner);
      if (runner.credential_kind === 'registration') {
        if ((runner.credential_expires_at ?? Number.POSITIVE_INFINITY) <= clock.now()) {
          return { ok: false, failure: expired(runner) };
        }
        return { ok: true, value: { kind: 'registration', secret: token, ...common, labels } };
      }
      if (!runner.ephemeral) {
        // A JIT runner always ends after one job: what is to last registers itself.
        const made = await api.createRegistrationToken(at, token);
        return made.ok
          ? { ok: true, value: { kind: 'registration', secret: made.value.token, ...common, labels } }
          : made;
      }
      const full = fullLabels(deployment, runner, start.architecture);
      const made = await api.mintJitConfig(at, token, { name, labels: full, runnerGroupId: runner.runner_group_id });
      return made.ok
        ? { ok: true, value: { kind: 'jit', secret: made.value.encoded_jit_config, ...common, labels: full } }
        : made;
    }

    return {
      mint,
      restart: (runner, instance) => ({
        kind: 'restart',
        secret: '',
        url: urlOf(runner.github_repo),
        name: containerName(instance),
        labels: ownLabels(deployment, runner),
        ephemeral: false,
      }),
      async forget(scope, runner, instance, timeoutMs) {
        if (!runner || runner.credential_kind === 'registration') return 'unknown';
        const late = sleep(timeoutMs, 'failed' as const, { ref: false });
        return Promise.race([forgetByName(scope, runner, instance, timeoutMs), late]);
      },
      async list(scope, runner) {
        const token = (await sealed.open(scope, runner)).reveal();
        const all = await api.listRunners(githubScope(runner.github_repo), token);
        if (!all.ok) return all;
        const ours = ({ name, labels }: GithubRunner) =>
          name.startsWith(containerName('')) &&
          [deploymentLabel(deployment), runnerLabel(runner.uid)].every((label) =>
            labels.some((one) => one.name === label),
          );
        return { ok: true, value: all.value.filter(ours) };
      },
      async removeStray(scope, runner, id) {
        const token = (await sealed.open(scope, runner)).reveal();
        const now = await api.getRunner(githubScope(runner.github_repo), token, id);
        if (!now.ok) return now.failure.kind === 'not_found' ? 'forgotten' : 'failed';
        return now.value.busy ? 'busy' : removeById(runner, token, id, 2000);
      },
    };
  },
});
