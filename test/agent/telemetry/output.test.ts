import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Position } from '#agent/state.ts';
import { createOutput, type OutputLine } from '#agent/telemetry/output.ts';
import { numberAt, sinceOf } from '#agent/telemetry/sequence.ts';

interface Written {
  readonly source: 1 | 2;
  readonly micros: number;
  readonly text: string;
}

const timeOf = (micros: number) =>
  `2026-11-24T06:33:${`${10 + Math.floor(micros / 1e6)}`.padStart(2, '0')}.${`${micros % 1e6}`.padStart(6, '0')}789Z`;

function frame({ source, micros, text }: Written): Buffer {
  const payload = Buffer.from(`${timeOf(micros)} ${text}`);
  const header = Buffer.alloc(8);
  header[0] = source;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

/** Reads a log from a position on, in chunks of a size. */
function read(
  log: readonly Written[],
  from?: Position,
  chunkBytes = 1000,
  onGap?: (time: string) => void,
): OutputLine[] {
  const lines: OutputLine[] = [];
  const feed = createOutput(from, (line) => lines.push(line), onGap);
  const since = Number(sinceOf(from)) * 1e6;
  const all = Buffer.concat(
    log.filter(({ micros }) => Date.parse(timeOf(micros)) * 1000 + (micros % 1000) >= since).map(frame),
  );
  for (let at = 0; at < all.length; at += chunkBytes) feed(all.subarray(at, at + chunkBytes));
  return lines;
}
const shown = (lines: readonly OutputLine[]) => lines.map(({ seq, text }) => [seq, text]);

test('lines are the same however the stream is cut', () => {
  const log: Written[] = Array.from({ length: 50 }, (_, i) => ({ source: 1, micros: i, text: `line ${i} ünï\n` }));

  for (const chunkBytes of [1, 7, 8, 40, 100_000])
    expect(shown(read(log, undefined, chunkBytes))).toEqual(shown(read(log)));
});

test('a line that the engine has cut in pieces is one line, with others in between', () => {
  const log: Written[] = [
    { source: 1, micros: 1, text: 'a'.repeat(16_384) },
    { source: 2, micros: 2, text: 'meanwhile\n' },
    { source: 1, micros: 3, text: 'b\n' },
  ];

  expect(read(log).map(({ text }) => text)).toEqual(['meanwhile', `${'a'.repeat(16_384)}b`]);
});

test('a line without end is cut, so that no event is too large', () => {
  const log: Written[] = Array.from({ length: 20 }, (_, i) => ({ source: 1, micros: i, text: 'x'.repeat(16_384) }));

  const lines = read([...log, { source: 1, micros: 21, text: 'y\n' }]);

  expect(Math.max(...lines.map(({ text }) => text.length))).toBeLessThan(130_000);
  expect(lines.map(({ text }) => text).join('')).toBe(`${'x'.repeat(20 * 16_384)}y`);
});

test('numbers grow, and are even; the agent’s own are odd', () => {
  const log: Written[] = Array.from({ length: 100 }, () => ({ source: 1, micros: 5, text: 'same time\n' }));

  const seqs = read(log).map(({ seq }) => seq);

  expect(new Set(seqs).size).toBe(100);
  expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  expect(seqs.every((seq) => seq % 2 === 0 && Number.isSafeInteger(seq))).toBe(true);
  expect(numberAt('2026-11-24T06:33:10.5Z') % 2).toBe(1);
  expect(numberAt('2026-11-24T06:33:10.5Z')).toBe(numberAt('2026-11-24T06:33:10.500000000Z'));
});

test('read on from any line, the rest comes with the same numbers: none is missing, none is new', () => {
  // Times are out of order by microseconds where both outputs are written at once, and many are equal.
  const written = fc.record({ source: fc.constantFrom(1 as const, 2 as const), step: fc.integer({ min: -3, max: 9 }) });
  fc.assert(
    fc.property(fc.array(written, { minLength: 1, maxLength: 60 }), fc.nat(), (steps, pick) => {
      let micros = 5_000_000;
      const log = steps.map(({ source, step }, i): Written => {
        micros = Math.max(5_000_000, micros + step);
        return { source, micros, text: `line ${i}\n` };
      });
      const all = read(log);
      const at = pick % all.length;

      const rest = read(log, all[at]?.position);

      const missing = all.slice(at + 1).filter(({ seq }) => !rest.some((line) => line.seq === seq));
      expect(missing).toEqual([]);
      expect(shown(all)).toEqual(expect.arrayContaining(shown(rest)));
    }),
    { numRuns: 2000 },
  );
});

test('what is left of a log that was rotated is all new, and what is not left is told of', () => {
  const log: Written[] = Array.from({ length: 10 }, (_, i) => ({ source: 1, micros: i * 1000, text: `line ${i}\n` }));
  const position = read(log)[2]?.position;
  const gaps: string[] = [];
  const onGap = (time: string) => gaps.push(time);

  expect(read(log, position, 1000, onGap)).toHaveLength(7);
  expect(gaps).toEqual([]);
  const rest = read(log.slice(6), position, 1000, onGap);
  expect(rest.map(({ text }) => text)).toEqual(['line 6', 'line 7', 'line 8', 'line 9']);
  expect(gaps).toEqual([timeOf(6000)]);
});
