import { problem } from '#domain/problem.ts';

// A parser of its own, because JSON.parse neither says where it stopped in words that a person can use, nor sees a
// member that is there twice (RFC 8259, 4: "names within an object SHOULD be unique"), nor bounds the depth.

const deepest = 16;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const blanks = /[ \t\n\r]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259, 7: they must be escaped
const characters = /(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
const words = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** Parses JSON; what is wrong is a `request.malformed` that says the line and the column. */
export function parseJson(text: string): unknown {
  let at = 0;

  const fail = (what: string, where = at): never => {
    const before = text.slice(0, where).split('\n');
    const column = (before.at(-1)?.length ?? 0) + 1;
    throw problem(
      'request.malformed',
      `The body is not valid JSON: ${what} at line ${before.length}, column ${column}.`,
    );
  };

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };

  /** The next character that is not blank. */
  const peek = (): string | undefined => {
    match(blanks);
    return text[at];
  };

  const found = (): string => (at < text.length ? JSON.stringify(text[at]) : 'the end of the body');

  function string(): string {
    const start = at;
    at += 1;
    match(characters);
    if (text[at] !== '"') fail(at < text.length && text[at] !== '\\' ? 'a raw control character' : 'a broken string');
    at += 1;
    const value: string = JSON.parse(text.slice(start, at));
    if (!value.isWellFormed()) fail('half of a surrogate pair in a string', start);
    return value;
  }

  function items(depth: number): unknown[] {
    const array: unknown[] = [];
    at += 1;
    if (peek() === ']') {
      at += 1;
      return array;
    }
    for (;;) {
      array.push(value(depth + 1));
      const next = peek();
      const comma = at;
      if (next !== ',' && next !== ']') fail(`expected "," or "]" instead of ${found()}`);
      at += 1;
      if (next === ']') return array;
      if (peek() === ']') fail('a trailing comma', comma);
    }
  }

  function members(depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    at += 1;
    if (peek() === '}') {
      at += 1;
      return object;
    }
    for (;;) {
      if (peek() !== '"') fail(`expected a member name in double quotes instead of ${found()}`);
      const start = at;
      const name = string();
      if (name === '__proto__') fail('the member "__proto__" is not allowed', start);
      if (Object.hasOwn(object, name)) fail(`the member ${JSON.stringify(name.slice(0, 64))} is there twice`, start);
      if (peek() !== ':') fail(`expected ":" instead of ${found()}`);
      at += 1;
      object[name] = value(depth + 1);
      const next = peek();
      const comma = at;
      if (next !== ',' && next !== '}') fail(`expected "," or "}" instead of ${found()}`);
      at += 1;
      if (next === '}') return object;
      if (peek() === '}') fail('a trailing comma', comma);
    }
  }

  function value(depth: number): unknown {
    const first = peek();
    if (depth > deepest) fail(`values nested deeper than ${deepest}`);
    if (first === '"') return string();
    if (first === '{') return members(depth);
    if (first === '[') return items(depth);
    const start = at;
    const digits = match(number);
    if (digits) {
      const parsed = Number(digits);
      return Number.isFinite(parsed) ? parsed : fail(`the number ${digits.slice(0, 32)} is too large`, start);
    }
    for (const [word, meaning] of words) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return meaning;
      }
    }
    return fail(`expected a value instead of ${found()}`);
  }

  const whole = value(1);
  if (peek() !== undefined) fail(`expected the end of the body instead of ${found()}`);
  return whole;
}
