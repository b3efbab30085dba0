import { Instance, isFinal, shelfOf } from '#domain/instance.ts';
import { type Key, keys } from './keys.ts';
import { type Row, rowType } from './row.ts';

const instanceRow = rowType('instance', Instance);

// As long as its log is kept.
const finalMs = 30 * 24 * 3600 * 1000;

const onShelf = { live: keys.instance, past: keys.past, deleted: keys.deleted } as const;

/** Where the row of an instance is: its state says on which shelf. */
export const instanceKey = (row: Pick<Instance, 'org' | 'runner' | 'uid' | 'state'>): Key =>
  onShelf[shelfOf(row)](row.org, row.runner, row.uid);

// When the index will show a row that was read, for as long as somebody holds it.
const indexedAt = new WeakMap<Instance, number>();

const remember = (instance: Instance, indexed: number | undefined): Instance => {
  if (indexed !== undefined) indexedAt.set(instance, indexed);
  return instance;
};

/** Reads an instance. In the index it may stand earlier than it is due (`due_at`), never later. */
export const readInstance = (row: Row): Instance => {
  const due = row.due_at ?? row.due;
  return remember(instanceRow.read({ ...row, due }), typeof row.due === 'number' ? row.due : undefined);
};

/**
 * When the index is to show a live instance. Moving a row in the index costs two writes, and a start goes through five
 * states within seconds: so it stays where it was, if that is ahead and early enough. The sweep then looks once in vain.
 */
export function indexTime(before: Instance, after: Instance, now: number): number | undefined {
  const indexed = indexedAt.get(before);
  const stays = indexed !== undefined && after.due !== undefined && indexed > now && indexed <= after.due;
  return stays && !isFinal(after) ? indexed : after.due;
}

/** The row that an instance is written as, to be shown by the index when it is due, or earlier. */
export function writeInstance(instance: Instance, indexed = instance.due): Row {
  remember(instance, indexed);
  const row = instanceRow.write(instanceKey(instance), instance, {
    due: indexed,
    ...(isFinal(instance) && { expires_at: instance.state_at + finalMs }),
  });
  return indexed === instance.due ? row : { ...row, due_at: instance.due };
}
