import * as z from 'zod';
import { howToAllow, notAllowed } from '#domain/docker.ts';
import { giveUp } from '#domain/instance/accept.ts';
import { type ClaimVerdict, claim, githubRefused, githubUnavailable, mayMint, minted } from '#domain/instance/claim.ts';
import { credentialFreshMs } from '#domain/instance/deadlines.ts';
import { type Instance, isRestart } from '#domain/instance.ts';
import { isCloned } from '#domain/node.ts';
import { type Problem, problem } from '#domain/problem.ts';
import type { Runner } from '#domain/runner.ts';
import { secret } from '#domain/secret.ts';
import type { SeenNode } from '#store/nodes.ts';
import type { Scope } from '#store/scope.ts';
import { service } from '../service.ts';
import { instances } from './instances.ts';
import { keys } from './keys.ts';
import { metrics } from './metrics.ts';
import { registrar, type StartCredential } from './registrar.ts';
import { table } from './table.ts';

/** What a node starts an instance with. */
export type Granted = StartCredential &
  Pick<Runner, 'environment'> &
  Pick<Instance, 'docker'> & {
    /** That of the intent from here on. */
    readonly generation: number;
  };

/** Claims of starts. */
export interface Claims {
  /**
   * Grants a node the start of an instance that is placed on it, and gives the credential for it, made at this moment;
   * `claim.wait`, `claim.started`, `claim.not-wanted`.
   */
  take(
    scope: Scope,
    node: string,
    placed: { readonly uid: string; readonly runner: string },
    request: { readonly generation: number; readonly boot_id: string },
  ): Promise<Granted>;
}

/** A container, what starts it, and what it belongs to. */
interface Claimed {
  readonly scope: Scope;
  readonly row: Instance;
  readonly runner: Runner;
  readonly node: SeenNode | undefined;
}

const ttlSeconds = 600;
const firstComparisonMs = 10 * 60_000;

const wait = (detail: string, ms: number): Problem =>
  problem('claim.wait', detail, { retryAfterSeconds: Math.max(1, Math.ceil(ms / 1000)) });
const unwanted = (detail: string): Problem => problem('claim.not-wanted', detail);
const raced = (): Problem => wait('The instance has changed meanwhile.', 1000);

const refusal = (verdict: Exclude<ClaimVerdict, { granted: Instance }>): Problem =>
  verdict.refused === 'claim.wait'
    ? wait(verdict.detail, verdict.waitMs ?? 1000)
    : problem(verdict.refused, verdict.detail);

/** Grants claims: first who may start, then with what. */
export const claims = service({
  id: 'claims',
  config: z.object({}),
  uses: [table, instances, keys, registrar, metrics],
  open: (_config, { use, clock, ids, log }): Claims => {
    const { instances: rows, nodes, runners, credentials, github, events } = use(table);
    const { move } = use(instances);
    const box = use(keys);
    const at = () => ({ now: clock.now(), random: Math.random });
    const placeOf = ({ runner, uid }: Instance) => ({ subject: runner, field: `claim ${uid}` });

    async function refuse(scope: Scope, row: Instance, verdict: Exclude<ClaimVerdict, { granted: Instance }>) {
      if (verdict.refused === 'claim.started') use(metrics).record('claims_after_start', 1);
      if (verdict.refused !== 'claim.wait') {
        log.info('a claim was refused', { node: row.node, instance: row.uid, reason: verdict.refused });
        const code = verdict.refused.replace('.', '_').replace('-', '_');
        await events.record(scope, [{ subject: row.uid, code, detail: verdict.detail }]);
      }
      return refusal(verdict);
    }

    /** Step 2: the credential of an earlier claim whose answer was lost, as long as it is fresh. */
    async function again({ scope, row }: Claimed): Promise<StartCredential | undefined> {
      const stored = await credentials.find(scope, row.uid);
      if (!stored || stored.generation !== row.generation) return undefined;
      if (clock.now() - stored.created_at >= credentialFreshMs) return undefined;
      const opened = await box.open(scope, placeOf(row), stored.sealed);
      if (!(await move(scope, row, minted(row, clock.now(), { fresh: false })))) throw raced();
      return JSON.parse(opened.reveal()) as StartCredential;
    }

    async function fail(scope: Scope, row: Instance, after: Instance): Promise<Problem> {
      if (!(await move(scope, row, after))) return raced();
      if (after.want === 'gone') return unwanted(after.reason?.detail ?? 'The instance was given up.');
      return wait(after.reason?.detail ?? '', (after.not_before ?? 0) - clock.now());
    }

    /** Step 2 and 3: makes one, and stores it in the transaction that says so, unless the claim is over by then. */
    async function fresh({ scope, row, runner, node }: Claimed): Promise<StartCredential> {
      if (!mayMint(row)) {
        const detail = 'Credentials were made five times without a start that was reported. Look at the node’s agent.';
        throw await fail(scope, row, giveUp(row, at(), { code: 'attempts_used_up', detail }));
      }
      const architecture = node?.roster?.facts?.architecture ?? 'x64';
      const made = await use(registrar).mint(scope, runner, { instance: row.uid, architecture });
      if (!made.ok) {
        const { failure } = made;
        const after =
          failure.kind === 'unavailable'
            ? githubUnavailable(
                row,
                at(),
                { code: 'github_unavailable', detail: failure.detail },
                (failure.retryAfterSeconds ?? 0) * 1000,
              )
            : githubRefused(row, at(), { code: `github_${failure.kind}`, detail: failure.detail });
        throw await fail(scope, row, after);
      }
      const sealed = await box.seal(scope, placeOf(row), secret(JSON.stringify(made.value)));
      const after = minted(row, clock.now(), { fresh: true });
      if (!(await move(scope, row, after, { credential: { sealed, ttlSeconds } }))) throw raced();
      return made.value;
    }

    /** Before anything is made there: what is left behind, by whatever crash, is found by comparing. */
    async function plan({ row, runner }: Pick<Claimed, 'row' | 'runner'>): Promise<void> {
      if (runner.credential_kind === 'registration') return;
      const { uid, org } = { uid: runner.uid, org: row.org };
      await github.plan({ hash: uid, org, runner: uid, due: clock.now() + firstComparisonMs });
    }

    return {
      async take(scope, node, placed, { generation, boot_id }) {
        const [[row], runner, seen] = await Promise.all([
          rows.getMany(scope, [placed]),
          runners.find(scope, placed.runner),
          nodes.getMany(scope, [node]),
        ]);
        if (!row || row.node !== node || !runner) throw unwanted('The instance is to be removed.');
        const roster = seen.get(node)?.roster;
        if (isCloned(roster, clock.now())) throw wait('Two machines use the token of this node.', 60_000);
        if (roster?.boot_id !== boot_id) throw wait('Another start of this machine has synced last: sync first.', 5000);
        const atGithub = runner.credential_kind !== 'registration';
        const verdict = claim(row, { generation, boot_id, id: ids.uid(), atGithub }, clock.now());
        if ('refused' in verdict) throw await refuse(scope, row, verdict);
        const withdrawn = row.docker && notAllowed(seen.get(node)?.node.allow, row.docker);
        if (row.docker && withdrawn) {
          const detail = `${row.node_name} ${withdrawn} any more. ${howToAllow(row.docker)}`;
          throw await fail(scope, row, giveUp(row, at(), { code: 'docker_not_allowed', detail }));
        }
        const [granted] = await Promise.all([move(scope, row, verdict.granted), plan({ row, runner })]);
        if (!granted) throw wait('Another claim of this start is under way.', 1000);

        const claimed = { scope, row: granted, runner, node: seen.get(node) };
        const started = isRestart(granted) && use(registrar).restart(runner, granted.uid);
        return {
          ...(started || ((await again(claimed)) ?? (await fresh(claimed)))),
          generation: granted.generation,
          ...(runner.environment && { environment: runner.environment }),
          ...(row.docker && { docker: row.docker }),
        };
      },
    };
  },
});
