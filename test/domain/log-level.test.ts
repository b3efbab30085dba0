import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { levelOf } from '#domain/log-level.ts';
import { plainText } from '#domain/plain-text.ts';

describe('the level of a line', () => {
  test.each([
    ['Runner container started successfully.', 'INFO'],
    ['0 errors, 0 warnings', 'INFO'],
    ['error handling was added', 'INFO'],
    ['NO ERROR FOUND', 'INFO'],
    ['ERROR: it broke', 'ERROR'],
    ['error: pathspec did not match', 'ERROR'],
    ['fatal: not a git repository', 'ERROR'],
    ['WARN deprecated', 'WARN'],
    ['Warning: failed to update certificate store', 'WARN'],
    ['DEBUG x', 'DEBUG'],
    ['[RUNNER 2026-08-01 10:00:00Z INFO Listener] hello', 'INFO'],
    ['[WORKER 2026-08-01 10:00:00Z ERR  JobRunner] broke', 'ERROR'],
    ['[warn] careful', 'WARN'],
    ['2026-08-01T10:00:00.123Z ERROR it broke', 'ERROR'],
    ['2026-08-01 10:00:00,123 [main] WARN careful', 'WARN'],
    ['2026-11-24 06:31:12Z: Runner connect error: timed out. Retrying until reconnected.', 'ERROR'],
    ['An error occured: Runner version v2.308.0 is deprecated and cannot receive messages.', 'ERROR'],
    ['##[error]Process completed with exit code 1.', 'ERROR'],
    ['::warning file=a.js,line=1::Missing semicolon', 'WARN'],
    ['##[debug]Evaluating condition', 'DEBUG'],
    ['npm ERR! code ELIFECYCLE', 'ERROR'],
    ['main.c:3:4: warning: unused variable', 'WARN'],
    ['{"time":1,"level":"warn","msg":"x"}', 'WARN'],
    ['time=x level=error msg=y', 'ERROR'],
    ['\u001b[31mERROR\u001b[0m it broke', 'ERROR'],
    ['', 'INFO'],
  ])('%j is %s', (line, level) => {
    expect(levelOf(line)).toBe(level);
  });

  test('is one of four for any line, and is found at once', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), fc.integer({ min: 1, max: 50 }), (line, times) => {
        const from = performance.now();
        const level = levelOf(line.repeat(times));

        expect(['DEBUG', 'INFO', 'WARN', 'ERROR']).toContain(level);
        expect(performance.now() - from).toBeLessThan(250);
      }),
    );
  });
});

describe('plain text', () => {
  test('has no control sequences, and keeps the tabs', () => {
    expect(plainText('\u001b[1;31mred\u001b[0m\tand \u001b]8;;http://x\u001b\\link\u001b]8;;\u0007\r\n')).toBe(
      'red\tand link',
    );
  });

  test('stays as it is when made plain again', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('\u001b', '[', ']', '0', ';', 'm', 'a', '\u0007', '\\', '\t', '\n') }),
        (text) => {
          const plain = plainText(text);

          expect(plainText(plain)).toBe(plain);
        },
      ),
    );
  });

  test('of a long hostile text takes little time', () => {
    for (const piece of ['\u001b[', '\u001b[0', '\u001b]', '\u001b]x', '\u001b ', '\u001bP\u001b']) {
      const from = performance.now();
      plainText(piece.repeat(100_000));
      plainText(piece + '0'.repeat(200_000));
      expect(performance.now() - from).toBeLessThan(250);
    }
  });
});
