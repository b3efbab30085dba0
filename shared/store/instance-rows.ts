import { Instance, isFinal, shelfOf } from '#domain/instance.ts';
import { type Key, keys } from './keys.ts';
import { type Row, rowType } from './row.ts';

/** Rows of instances, whichever shelf they are on. */
export const instanceRow = rowType('instance', Instance);

// As long as its log is kept.
const finalMs = 30 * 24 * 3600 * 1000;

const onShelf = { live: keys.instance, past: keys.past, deleted: keys.deleted } as const;

/** Where the row of an instance is: its state says on which shelf. */
export const instanceKey = (row: Pick<Instance, 'org' | 'runner' | 'uid' | 'state'>): Key =>
  onShelf[shelfOf(row)](row.org, row.runner, row.uid);

/** The row that an instance is written as. */
export const writeInstance = (instance: Instance): Row =>
  instanceRow.write(instanceKey(instance), instance, {
    due: instance.due,
    ...(isFinal(instance) && { expires_at: instance.state_at + finalMs }),
  });
