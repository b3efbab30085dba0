import type { Runner } from '#domain/runner.ts';
import type { OrgScope } from '#domain/scope.ts';
import type { Page, PageOptions } from './page.ts';
import type { Scope } from './scope.ts';
import type { Actor, Changing, Created, Creating } from './write.ts';

/** What a runner is made from; the caller chooses the uid, for the credential is sealed with it. */
export type RunnerDraft = Omit<Runner, 'instances' | 'busy' | 'deleting_at' | 'version' | 'created_at'>;

/** What a customer may change of a runner. */
export type RunnerChange = Partial<Omit<RunnerDraft, 'uid'>>;

/** Runners. Those that are being deleted are not there, but for `find` and `finishRemoval`. */
export interface Runners {
  /** `organization.limit`. One transaction. */
  create(scope: OrgScope, draft: RunnerDraft, write: Creating): Promise<Created<Runner>>;
  /** One consistent read; `runner.not-found`. */
  get(scope: Scope, uid: string): Promise<Runner>;
  /** One consistent read, those being deleted included. */
  find(scope: Scope, uid: string): Promise<Runner | undefined>;
  /** In order of creation; one wait. */
  list(scope: Scope, page?: PageOptions<Runner>): Promise<Page<Runner>>;
  /** `runner.not-found`, `version.stale`. */
  change(scope: OrgScope, uid: string, edit: (now: Runner) => RunnerChange, write: Changing): Promise<Runner>;
  /** Removes a runner without instances; `runner.not-found`, `runner.has-instances` (names them). */
  remove(scope: OrgScope, uid: string, write: { readonly by: Actor }): Promise<void>;
  /** By force, first step: the runner is 404, and due at `due_at` for the sweep. */
  beginRemoval(scope: OrgScope, uid: string, write: { readonly by: Actor; readonly due_at: number }): Promise<void>;
  /** By force, last step: false while there are instances; true once it is gone. */
  finishRemoval(scope: Scope, uid: string): Promise<boolean>;
}
