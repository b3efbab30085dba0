import fc from 'fast-check';
import { v7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { Problem } from '#domain/problem.ts';
import { decodeCursor, encodeCursor } from '#store/cursor.ts';
import { readPage } from '#store/page.ts';

describe('a cursor', () => {
  it('holds nothing but the end of a sort key', () => {
    const end = `live#${v7()}`;

    expect(decodeCursor(encodeCursor(end))).toBe(end);
    expect(Buffer.from(encodeCursor(end), 'base64url').toString()).toBe(end);
  });

  it('is refused, or leads into the same list, however it is mutated', () => {
    const cursor = encodeCursor(v7());
    const mutation = fc.tuple(fc.nat(cursor.length), fc.nat(3), fc.string({ unit: 'binary', maxLength: 3 }));
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        const mutated = mutations.reduce(
          (text, [at, taken, added]) => text.slice(0, at) + added + text.slice(at + taken),
          cursor,
        );
        try {
          expect(decodeCursor(mutated)).toMatch(/^[A-Za-z0-9#.:[\]-]{1,255}$/);
        } catch (error) {
          expect(error).toBeInstanceOf(Problem);
          expect(error).toMatchObject({ code: 'request.malformed' });
        }
      }),
      { numRuns: 10_000 },
    );
  });

  it.each([
    '',
    '=',
    '💥',
    encodeCursor('a b'),
    encodeCursor('../x'),
    encodeCursor('x'.repeat(256)),
    `${encodeCursor('ab')}=`,
  ])('is refused as %j', (cursor) => {
    expect(() => decodeCursor(cursor)).toThrow(Problem);
  });
});

describe('a page', () => {
  const list = (count: number) => async (after: string | undefined, limit: number) => {
    const from = after === undefined ? 0 : Number(after) + 1;
    const to = Math.min(from + limit, count);
    const entries = Array.from({ length: to - from }, (_, index) => ({ end: `${from + index}`, item: from + index }));
    return { entries, ...(to < count && { last: `${to - 1}` }) };
  };

  it('joins the next without gap or repetition, whatever is kept and however long it is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(60),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 5 }),
        async (count, limit, every) => {
          const keep = (item: number) => item % every === 0;
          const seen: number[] = [];
          let cursor: string | undefined;
          do {
            const page = await readPage({ limit, cursor, keep }, list(count));
            expect(page.items.length).toBeLessThanOrEqual(limit);
            if (cursor) expect(page.items.length).toBeGreaterThan(0);
            seen.push(...page.items);
            cursor = page.cursor;
          } while (cursor);
          expect(seen).toEqual(Array.from({ length: count }, (_, item) => item).filter(keep));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('holds a thousand items unless it is told otherwise', async () => {
    const page = await readPage({}, list(1500));

    expect(page.items).toHaveLength(1000);
    expect(page.cursor).toBe(encodeCursor('999'));
  });
});
