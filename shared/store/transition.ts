import { isDeepStrictEqual } from 'node:util';
import { type Instance, isBusy, isFinal, placementOf } from '#domain/instance.ts';
import { problem } from '#domain/problem.ts';
import { newsForRunner } from '#domain/replacement/news.ts';
import { auditStep } from './audit.ts';
import { uncountOne } from './counters.ts';
import { type CredentialDraft, forgetCredential, storeCredential } from './credentials.ts';
import { type EventDraft, eventSteps } from './events.ts';
import { absent, all, exists, is } from './expression.ts';
import { indexTime, instanceKey, writeInstance } from './instance-rows.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { placementRow } from './node-rows.ts';
import { dueAttributes } from './row.ts';
import { admitted, type Scope } from './scope.ts';
import { put, remove, type Step, update } from './steps.ts';
import type { Actor } from './write.ts';

/** What goes into a transition's transaction besides what follows from the two rows. */
export interface TransitionExtras {
  readonly events?: readonly EventDraft[] | undefined;
  /** Given when a person does it: goes into the audit trail as `instances.remove`. */
  readonly by?: Actor | undefined;
  /** The credential that its claim has minted, sealed: stored while the claim is the instance's newest. */
  readonly credential?: CredentialDraft | undefined;
}

type Lost = 'lost';
const lost = (): Lost => 'lost';

const unstarted = ({ state }: Instance): boolean => ['requested', 'pulling', 'claimed'].includes(state);

function rowSteps(before: Instance, after: Instance, now: number): readonly Step<Lost>[] {
  const unchanged = all(exists(), is('revision', '=', before.revision));
  const from = instanceKey(before);
  const to = writeInstance(after, indexTime(before, after, now));
  if (from.sk === to.sk) return [put(to, unchanged, lost)];
  return [remove(from, unchanged, lost), put(to, absent())];
}

function placementSteps(before: Instance, after: Instance): readonly Step[] {
  const was = placementOf(before);
  const is = placementOf(after);
  if (isDeepStrictEqual(was, is)) return [];
  const key = keys.placement(after.node, after.uid);
  return [is ? put(placementRow.write(key, is)) : remove(key)];
}

function counterSteps(before: Instance, after: Instance, now: number): readonly Step[] {
  const { org, node, runner } = after;
  const ends = isFinal(after) && !isFinal(before);
  const busy = Number(isBusy(after)) - Number(isBusy(before));
  const { alive, wakes, set } = newsForRunner(before, after, now);
  const counted = { instances: ends ? -1 : 0, busy, alive };
  const told = { add: counted, set: { ...set, ...(wakes && dueAttributes(now)) } };
  return [
    ...(ends || busy !== 0 || alive !== 0 || wakes ? [update(keys.runner(org, runner), told, exists())] : []),
    ...(ends ? [update(keys.node(org, node), { add: { instances: -1 } }, exists()), uncountOne(org, 'instances')] : []),
  ];
}

// What has started, or never will, has no use for a credential. (TTL takes those of claims that came to nothing.)
const isSpent = (before: Instance, after: Instance): boolean =>
  before.claim?.minted === true && unstarted(before) && !unstarted(after);

/**
 * Moves an instance from one row to another in one transaction, with all that follows: due time, placement, counters of
 * organization, node and runner, busy, its credential. Undefined if somebody else was faster.
 */
export async function transition(
  link: Link,
  scope: Scope,
  before: Instance,
  next: Instance,
  { events = [], by, credential }: TransitionExtras,
): Promise<Instance | undefined> {
  const moved = (['org', 'uid', 'runner', 'node'] as const).filter((name) => before[name] !== next[name]);
  if (moved.length > 0) throw problem('internal.error', `A transition never changes ${moved.join(', ')}.`);
  if (isFinal(before) && !isFinal(next)) throw problem('internal.error', 'What is final never comes back.');
  await admitted(scope);

  const after: Instance = { ...next, revision: before.revision + 1 };
  // Credentials are large, and would cost twice as much in the transaction. So one is stored before the row says that it
  // was minted, and removed after the row says that it was used.
  const stored = credential && after.claim && (await storeCredential(link, after, after.claim, credential));
  if (stored === false) return undefined;
  const steps: readonly Step<Lost>[] = [
    ...rowSteps(before, after, link.now()),
    ...placementSteps(before, after),
    ...counterSteps(before, after, link.now()),
    ...eventSteps(link, after.org, events),
    ...(by ? [auditStep(link, after.org, by, 'instances.remove', after.uid)] : []),
  ];
  // A transaction costs twice what a write does.
  const [only, ...others] = steps;
  const failed =
    only && others.length === 0
      ? await link.write(only).then((written) => (written.done ? undefined : written.failed))
      : await link.transact(steps);
  // Whether that succeeds changes nothing in what is true by now: what stays is sealed, and expires in minutes.
  if (failed && stored) await forgetCredential(link, after.uid, after.claim?.id).catch(() => undefined);
  if (!failed && isSpent(before, after)) await forgetCredential(link, after.uid).catch(() => undefined);
  return failed ? undefined : after;
}
