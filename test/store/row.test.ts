import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { isExpired, rowType } from '#store/row.ts';

const key = { pk: 'A', sk: 'B' };
const Thing = z.object({ type: z.string(), size: z.int() });

describe('a row', () => {
  it('says its type and version, may have a `type` of its own, and reads as it was written', () => {
    const thing = rowType('thing', Thing);

    const row = thing.write(key, { type: 'Remote', size: 1 }, { expires_at: 1500, due: 7 });

    expect(row).toEqual({
      ...key,
      row_type: 'thing',
      schema_version: 1,
      type: 'Remote',
      size: 1,
      expires_at: 2,
      due: 7,
      due_index: 'DUE',
    });
    expect(thing.read(row)).toEqual({ type: 'Remote', size: 1 });
  });

  it('of an old version is upgraded when it is read, through every version between', () => {
    const newest = rowType('thing', Thing, [
      (row) => ({ ...row, type: 'Remote' }),
      (row) => ({ ...row, size: Number(row.length) * 2 }),
    ]);

    expect(newest.read({ ...key, row_type: 'thing', schema_version: 1, length: 2 })).toEqual({
      type: 'Remote',
      size: 4,
    });
    expect(newest.read({ ...key, row_type: 'thing', schema_version: 2, type: 'Socket', length: 2 })).toEqual({
      type: 'Socket',
      size: 4,
    });
    expect(newest.write(key, { type: 'Socket', size: 1 }).schema_version).toBe(3);
  });

  it.each([
    ['of another type', { row_type: 'other', schema_version: 1, type: 'x', size: 1 }],
    ['of a newer version', { row_type: 'thing', schema_version: 2, type: 'x', size: 1 }],
    ['without a version', { row_type: 'thing', type: 'x', size: 1 }],
    ['that does not fit its schema', { row_type: 'thing', schema_version: 1, type: 'x', size: 'secret' }],
  ])('%s is refused by its key, without its values', (_what, attributes) => {
    const read = () => rowType('thing', Thing).read({ ...key, ...attributes });

    expect(read).toThrow(
      expect.objectContaining({ code: 'internal.error', message: expect.stringContaining('A / B') }),
    );
    expect(read).not.toThrow(/secret/);
  });

  it('expires at the second that it says, and not before', () => {
    expect(isExpired({ expires_at: 2 }, 1999)).toBe(false);
    expect(isExpired({ expires_at: 2 }, 2000)).toBe(true);
    expect(isExpired({}, 2000)).toBe(false);
  });
});
