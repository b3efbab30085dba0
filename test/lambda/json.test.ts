import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from '#lambda/json.ts';

describe('the JSON of a body', () => {
  test('whatever JSON.stringify writes is read as JSON.parse reads it', () => {
    const deep = fc.jsonValue({ maxDepth: 8 }).map((value) => JSON.stringify(value));

    fc.assert(
      fc.property(deep, (text) => {
        fc.pre(!text.includes('"__proto__"') && !/\\ud[89a-f]/i.test(text));
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 2000 },
    );
  });

  test('whatever JSON.parse refuses is refused, as malformed', () => {
    const broken = fc
      .tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.constantFrom('', ',', '}', ']', '"', '\\', '\u0000', '-', '01'))
      .map(([text, at, piece]) => text.slice(0, at % text.length) + piece + text.slice((at % text.length) + 1));

    fc.assert(
      fc.property(broken, (text) => {
        let refused = false;
        try {
          JSON.parse(text);
        } catch {
          refused = true;
        }
        fc.pre(refused);
        expect(() => parseJson(text)).toThrow(expect.objectContaining({ code: 'request.malformed' }));
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    ['{"a": 1,\n}', 'a trailing comma at line 1, column 8'],
    ['{\n  "node_id": "x",\n}', 'a trailing comma at line 2, column 17'],
    ['[1, 2,]', 'a trailing comma at line 1, column 6'],
    ['{"a": 1, "a": 2}', 'the member "a" is there twice at line 1, column 10'],
    ['{"a": {"__proto__": 1}}', 'the member "__proto__" is not allowed at line 1, column 8'],
    ['{"a": {"\\u005f_proto__": 1}}', 'the member "__proto__" is not allowed at line 1, column 8'],
    ['{"a": 1e400}', 'the number 1e400 is too large at line 1, column 7'],
    ['{"a": "\\ud800"}', 'half of a surrogate pair in a string at line 1, column 7'],
    ['{"a": "x\ty"}', 'a raw control character at line 1, column 9'],
    ["{'a': 1}", 'expected a member name in double quotes instead of "\'" at line 1, column 2'],
    ['{"a": 1} x', 'expected the end of the body instead of "x" at line 1, column 10'],
    ['{"a": ', 'expected a value instead of the end of the body at line 1, column 7'],
    [`${'['.repeat(17)}${']'.repeat(17)}`, 'values nested deeper than 16 at line 1, column 17'],
  ])('%j: %s', (text, said) => {
    expect(() => parseJson(text)).toThrow(`The body is not valid JSON: ${said}.`);
  });

  test.each([
    ['a long string', `"${'a'.repeat(65_000)}"`],
    ['escapes without an end', `"${'\\u0041'.repeat(10_000)}`],
    ['digits', '9'.repeat(300)],
    ['blanks', `${' '.repeat(65_000)}1`],
    ['brackets', '['.repeat(65_000)],
  ])('64 KiB of %s take no more than 50 ms', (_what, text) => {
    const start = performance.now();
    try {
      parseJson(text);
    } catch (error) {
      expect(error).toMatchObject({ code: 'request.malformed' });
    }

    expect(performance.now() - start).toBeLessThan(50);
  });
});
