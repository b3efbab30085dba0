import { organizationLimits } from '#domain/organization.ts';
import type { Runner } from '#domain/runner.ts';
import type { OrgScope } from '#domain/scope.ts';
import { auditStep } from './audit.ts';
import { changeVersioned } from './change.ts';
import { countOne } from './counters.ts';
import { absent } from './expression.ts';
import { onceSteps } from './idempotency.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { endOf, readRange } from './list.ts';
import { unlessDeleting } from './node-rows.ts';
import { type Page, type PageOptions, readPage } from './page.ts';
import { type RunnerRemoval, runnerNotFound, runnerRemoval } from './runner-removal.ts';
import { type Kept, type RunnerReplacement, runnerReplacement, wakeOnChange } from './runner-replacement.ts';
import { runnerRow } from './runner-rows.ts';
import { type Scope, within } from './scope.ts';
import { put } from './steps.ts';
import type { Changing, Created, Creating } from './write.ts';

/** What a runner is made from; the caller chooses the uid, for the credential is sealed with it. */
export type RunnerDraft = Omit<Runner, 'instances' | 'busy' | 'deleting_at' | 'version' | 'created_at' | keyof Kept>;

/** What a customer may change of a runner. */
export type RunnerChange = Partial<Omit<RunnerDraft, 'uid'>>;

/** Runners. Those that are being deleted are not there, but for `find` and `finishRemoval`. */
export interface Runners extends RunnerRemoval, RunnerReplacement {
  /** `organization.limit`. One transaction. */
  create(scope: OrgScope, draft: RunnerDraft, write: Creating): Promise<Created<Runner>>;
  /** One consistent read; `runner.not-found`. */
  get(scope: Scope, uid: string): Promise<Runner>;
  /** One consistent read, those being deleted included. */
  find(scope: Scope, uid: string): Promise<Runner | undefined>;
  /** Several by uid, those being deleted included. */
  getMany(scope: Scope, uids: readonly string[]): Promise<ReadonlyMap<string, Runner>>;
  /** In order of creation; one wait. */
  list(scope: Scope, page?: PageOptions<Runner>): Promise<Page<Runner>>;
  /** The newest ones, newest first; one wait. */
  listNewest(scope: Scope, limit: number): Promise<readonly Runner[]>;
  /** `runner.not-found`, `version.stale`. What keeps a number of instances alive is due with it. */
  change(
    scope: OrgScope,
    uid: string,
    edit: (now: Runner) => RunnerChange | Promise<RunnerChange>,
    write: Changing,
  ): Promise<Runner>;
}

/** Reads several runners, those being deleted included, in one wait. */
export async function readRunners(
  link: Link,
  org: string,
  uids: readonly string[],
): Promise<ReadonlyMap<string, Runner>> {
  const rows = await link.getMany([...new Set(uids)].map((uid) => keys.runner(org, uid)));
  return new Map(rows.flatMap((row) => (row ? [runnerRow.read(row)] : [])).map((runner) => [runner.uid, runner]));
}

/** Makes the repository of runners. */
export function runners(link: Link): Runners {
  async function find(scope: Scope, uid: string): Promise<Runner | undefined> {
    const row = await within(scope, link.get(keys.runner(scope.org, uid)));
    return row && runnerRow.read(row);
  }

  async function get(scope: Scope, uid: string): Promise<Runner> {
    const runner = await find(scope, uid);
    if (!runner || runner.deleting_at !== undefined) throw runnerNotFound(uid);
    return runner;
  }

  return {
    ...runnerRemoval(link),
    ...runnerReplacement(link),
    find,
    get,

    getMany: (scope, uids) => within(scope, readRunners(link, scope.org, uids)),

    async create(scope, draft, { by, once }) {
      await scope.member;
      const created_at = link.now();
      const keeps = (draft.desired_instances ?? 0) > 0;
      const runner: Runner = {
        ...draft,
        instances: 0,
        busy: 0,
        ...(keeps && { alive: 0 }),
        version: 1,
        created_at,
      };
      const due = keeps ? created_at : undefined;
      const replayed = await link.transact([
        ...onceSteps(link, once, draft.uid),
        countOne(scope.org, 'runners', organizationLimits.runners),
        put(runnerRow.write(keys.runner(scope.org, draft.uid), runner, { due }), absent()),
        auditStep(link, scope.org, by, 'runners.create', draft.uid),
      ]);
      if (!replayed) return { created: runner, replayed: false };
      return { created: await get(scope, replayed.replay), replayed: true };
    },

    list: (scope, page = {}) =>
      within(
        scope,
        readPage(page, async (after, limit) => {
          const range = keys.runners(scope.org);
          const { rows, last } = await readRange(link, range, after, limit);
          const entries = rows.flatMap((row) => {
            const item = unlessDeleting(runnerRow.read(row));
            return item ? [{ end: endOf(range, row), item }] : [];
          });
          return { entries, ...(last !== undefined && { last }) };
        }),
      ),

    async listNewest(scope, limit) {
      const { rows } = await within(scope, link.query(keys.runners(scope.org), { limit, descending: true }));
      return rows.flatMap((row) => unlessDeleting(runnerRow.read(row)) ?? []);
    },

    change: (scope, uid, edit, write) =>
      changeVersioned(link, {
        scope,
        key: keys.runner(scope.org, uid),
        read: (row) => unlessDeleting(runnerRow.read(row)),
        missing: () => runnerNotFound(uid),
        edit,
        write,
        action: 'runners.change',
        target: uid,
        besides: (before, after) => wakeOnChange(before, after, link.now()),
      }),
  };
}
