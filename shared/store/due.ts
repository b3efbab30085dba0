import { all, exists, is } from './expression.ts';
import { type DueSubject, keyOf, subjectOf } from './keys.ts';
import type { Link } from './link.ts';
import { type SystemScope, systemScope } from './scope.ts';
import { update } from './steps.ts';

/** A row that has to be looked at: what it is, since when, and the right to reach into its organization. */
export type Due = DueSubject & { readonly due: number; readonly scope: SystemScope | undefined };

/** What must be looked at again. */
export interface DueRows {
  /** Those due until `until`, oldest first, at most 1,000. A hint: read the row before deciding. */
  list(until: number, limit?: number): Promise<readonly Due[]>;
  /**
   * Moves the due time of a node, a runner or a comparison, before acting on it, so that a crash leaves it due again:
   * false if the row has moved on. Instances are moved by their transitions.
   */
  postpone(subject: Exclude<DueSubject, { readonly kind: 'instance' }>, from: number, to: number): Promise<boolean>;
}

/** Makes the repository of what is due. */
export const due = (link: Link): DueRows => ({
  async list(until, limit = 1000) {
    const rows = await link.queryDue(until, limit);
    return rows.flatMap((row) => {
      const subject = subjectOf(row);
      const scope = subject && 'org' in subject ? systemScope(subject.org) : undefined;
      return subject ? [{ ...subject, due: row.due, scope }] : [];
    });
  },

  async postpone(subject, from, to) {
    const unmoved = all(exists(), is('due', '=', from));
    const written = await link.write(update(keyOf(subject), { set: { due: to } }, unmoved, () => 'moved' as const));
    return written.done;
  },
});
