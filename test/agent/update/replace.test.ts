import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { tryProgram } from '#agent/update/replace.ts';

const folder = mkdtempSync(join(tmpdir(), 'rp-replace-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = (text: string): string => {
  const path = join(folder, `${crypto.randomUUID()}.mjs`);
  writeFileSync(path, text);
  return path;
};
const never = new AbortController().signal;

test('a program that ends well when it is asked to try works', async () => {
  const path = program("process.exit(process.argv[2] === 'trial' ? 0 : 1);");

  expect(await tryProgram(path, never)).toBeUndefined();
});

test.each([
  ['throws', "throw new TypeError('No such thing.');", /^It ended with 1 before it had synced: TypeError: No such/],
  ['is no program', 'const = 1;', /^It ended with 1 before it had synced: SyntaxError/],
  ['gives up', "console.error('I give up.'); process.exit(3);", /^It ended with 3 before it had synced: I give up\.$/],
])('a program that %s does not, and what it said is told', async (_what, text, why) => {
  expect(await tryProgram(program(text), never)).toMatch(why);
});

test('a program that does neither is ended in time', async () => {
  const path = program('setInterval(() => undefined, 1000);');

  expect(await tryProgram(path, never, 1500)).toBe('It did not sync within 1.5 s.');
});

test('a program that is being tried ends with whoever tries it', async () => {
  const path = program('setInterval(() => undefined, 1000);');
  const ended = new AbortController();

  const outcome = tryProgram(path, ended.signal);
  ended.abort();

  expect(await outcome).toMatch(/did not sync/);
});
