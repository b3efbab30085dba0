import { isDeepStrictEqual } from 'node:util';
import { type Problem, problem } from '#domain/problem.ts';
import { auditStep } from './audit.ts';
import { type EventDraft, eventSteps } from './events.ts';
import { absent, all, type Change, is } from './expression.ts';
import type { Key } from './keys.ts';
import type { Link } from './link.ts';
import type { Row } from './row.ts';
import { type Scope, within } from './scope.ts';
import { update } from './steps.ts';
import type { Changing } from './write.ts';

/** A change of a row that people change: what it is, how to read it, and what to say of it. */
export interface VersionedChange<T, C> {
  readonly scope: Scope;
  readonly key: Key;
  /** Undefined where the row is not to be seen, such as one being deleted. */
  readonly read: (row: Row) => T | undefined;
  readonly missing: () => Problem;
  readonly edit: (now: T) => C | Promise<C>;
  readonly write: Changing;
  /** For the audit trail: what was done, and to what. */
  readonly action: string;
  readonly target: string;
  /** What is kept of it besides, that no version counts. */
  readonly besides?: (before: T, after: T) => Change;
  /** What is remembered of the change besides. */
  readonly events?: (before: T, after: T) => readonly EventDraft[];
}

const stale = (seen: number, now: number) =>
  problem(
    'version.stale',
    `If-Match names version ${seen}, but the resource has version ${now}. Get it, and try again.`,
  );

const without = <T extends object>(entity: T): T =>
  Object.fromEntries(Object.entries(entity).filter(([, value]) => value !== undefined)) as T;

/**
 * Reads a row, changes it, and writes what has changed if nobody else did meanwhile; else all over again. What changes
 * nothing writes nothing. Only this moves `version`, which is the ETag.
 */
export async function changeVersioned<T extends { readonly version: number }, C extends Partial<T>>(
  link: Link,
  {
    scope,
    key,
    read,
    missing,
    edit,
    write,
    action,
    target,
    besides = () => ({}),
    events = () => [],
  }: VersionedChange<T, C>,
): Promise<T> {
  const wait = link.patience();
  do {
    const row = await within(scope, link.get(key));
    const now = row && read(row);
    if (!now) throw missing();
    if (write.ifMatch !== undefined && write.ifMatch !== now.version) throw stale(write.ifMatch, now.version);

    const wanted = Object.entries(await edit(now));
    const set = Object.fromEntries(wanted.filter(([name, value]) => !isDeepStrictEqual(value, now[name as keyof T])));
    if (Object.keys(set).length === 0) return now;

    const version = now.version + 1;
    const after = { ...now, ...set, version };
    const more = besides(now, after);
    const raced = await link.transact([
      update(
        key,
        { ...more, set: { ...more.set, ...set, version } },
        all(is('version', '=', now.version), absent('deleting_at')),
        () => 'raced' as const,
      ),
      ...eventSteps(link, scope.org, events(now, after)),
      auditStep(link, scope.org, write.by, action, target),
    ]);
    if (!raced) return without(after);
  } while (await wait());
  throw problem('service.unavailable', 'The resource is being changed by many at once. Please try again.', {
    retryAfterSeconds: 1,
  });
}
