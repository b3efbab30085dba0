import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { secret } from '#domain/secret.ts';
import { levelOf, openLog } from '#runtime/log.ts';

function capture(least?: Parameters<typeof openLog>[0]) {
  const lines: string[] = [];
  return { lines, log: openLog(least, (line) => lines.push(line)) };
}

describe('the log', () => {
  test('whatever is logged, each call is one line of JSON without control characters', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }))), (calls) => {
        const { lines, log } = capture();
        for (const [message, user] of calls) log.info(message, { user, error: new Error(message) });

        expect(lines).toHaveLength(calls.length);
        for (const line of lines) {
          // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
          expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
          expect(JSON.parse(line)).toMatchObject({ level: 'INFO', time: expect.any(String) });
        }
      }),
    );
  });

  test('says nothing but the fields on its list', () => {
    const { lines, log } = capture();

    log.warn('x', { status: 500, password: 'canary', token: 'canary' } as never);

    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ status: 500 });
    expect(lines[0]).not.toContain('canary');
  });

  test('is silent below its level', () => {
    const { lines, log } = capture(levelOf('warn'));

    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');

    expect(lines.map((line) => JSON.parse(line).message)).toEqual(['c', 'd']);
  });

  test('tells the causes of an error, and is not caught by a circle of them', () => {
    const { lines, log } = capture();
    const error = new Error('outer', { cause: new TypeError('inner') });
    const circle = new Error('circle');
    circle.cause = circle;

    log.error('x', { error });
    log.error('y', { error: circle });

    expect(JSON.parse(lines[0] ?? '').error).toMatchObject({ message: 'outer', cause: { name: 'TypeError' } });
    expect(lines).toHaveLength(2);
  });
});

test('a secret shows itself in no way of printing', () => {
  const canary = secret('canary');
  const { lines, log } = capture();

  log.info(`${canary}`, { reason: canary as never, error: canary });
  const printed = [
    String(canary),
    `${canary}`,
    JSON.stringify({ canary }),
    inspect({ canary }, { depth: 9, showHidden: true }),
    inspect(canary),
    Object.values(canary).join(),
    ...lines,
  ];

  expect(canary.reveal()).toBe('canary');
  expect(printed.map((text) => text.replaceAll('"canary":', '').replaceAll('canary:', '')).join()).not.toContain(
    'canary',
  );
});
