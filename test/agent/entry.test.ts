import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { entryScript } from '#agent/entry.ts';
import { createInputs } from '#agent/node/input.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const shells = { dash: ['dash'], bash: ['bash'], 'sh of busybox': ['busybox', 'sh'] };

/** What a user, or whoever has the user's token, might type. `CANARY` is a file that must never come to be. */
const nasty = [
  '$(touch CANARY)',
  '`touch CANARY`',
  '"; touch CANARY; "',
  "'; touch CANARY; '",
  '; touch CANARY #',
  '| touch CANARY',
  '&& touch CANARY',
  '|| touch CANARY',
  '& touch CANARY &',
  '> CANARY',
  '<(touch CANARY)',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's
  '${IFS}touch${IFS}CANARY',
  '$((`touch CANARY`))',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's
  '${x:-$(touch CANARY)}',
  '() { :;}; touch CANARY',
  'a[$(touch CANARY)]=1',
  '--pat ghp_stolen',
  '-h',
  '--',
  '-',
  '*',
  '/etc/*',
  '~root',
  '?',
  '[a-z]*',
  '!!',
  '!$',
  '\\',
  '\\\\n',
  'a\\',
  "it's",
  '"quoted"',
  '$HOME',
  '$$',
  '$0',
  '$@',
  '$*',
  '%s%n%x',
  '{a,b}',
  '#comment',
  'a b  c',
  ' leading',
  'trailing ',
  '\ttab\t',
  '',
  '\u0007bell\u001b[31m',
  'ünïcödé 🏃',
  '\u202egnp.exe',
  'x'.repeat(60_000),
  'ACTIONS_RUNNER_INPUT_URL=evil',
  'http://a/?b=c&d=$(touch CANARY)',
  '=',
  'IFS=,',
];

interface Parameters {
  readonly url: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly secret: string;
  readonly kind: 'jit' | 'registration' | 'restart';
  readonly ephemeral: boolean;
}

const recorder = `#!/bin/sh
printf '%s\\0' "$@" >"$RECORD/\${0##*/}.argv"
env -0 >"$RECORD/\${0##*/}.env" 2>/dev/null || tr '\\n' '\\0' </proc/self/environ >"$RECORD/\${0##*/}.env"
`;

/** Runs the entry script as a container would, with a runner that notes what it is given. */
function enter(
  shell: readonly string[],
  given: Parameters,
  script = entryScript(),
  kept: Readonly<Record<string, string>> = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'rp-entry-'));
  folders.push(folder);
  const inputs = createInputs(folder);
  inputs.prepare('uid');
  inputs.put('uid', { ...given, labels: [...given.labels] }, 'boot-1');
  const runner = join(folder, 'home');
  const record = join(folder, 'record');
  const cwd = join(folder, 'cwd');
  for (const made of [runner, record, cwd]) mkdirSync(made);
  for (const name of ['config.sh', 'run.sh']) writeFileSync(join(runner, name), recorder, { mode: 0o755 });
  for (const [name, content] of Object.entries(kept)) writeFileSync(join(runner, name), content);
  const path = join(folder, 'entry.sh');
  const here = script
    .replaceAll('/runner-pilot/input', inputs.folderOf('uid'))
    .replaceAll('/runner-pilot/', `${folder}/none/`)
    .replaceAll('/home/runner', runner);
  writeFileSync(path, here);

  const [command = '', ...before] = shell;
  const ran = spawnSync(command, [...before, path], {
    cwd,
    env: { PATH: process.env.PATH, RECORD: record, HOME: folder },
    encoding: 'utf8',
  });
  const argv = (of: string) => {
    const parts = readFileSync(join(record, `${of}.argv`), 'utf8')
      .split('\0')
      .slice(0, -1);
    // printf prints one empty argument where there is none.
    return parts.length === 1 && parts[0] === '' ? [] : parts;
  };
  const env = (of: string) =>
    Object.fromEntries(
      readFileSync(join(record, `${of}.env`), 'utf8')
        .split('\0')
        .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    );
  const strays = [cwd, runner].flatMap((in_) => readdirSync(in_)).filter((name) => name.includes('CANARY'));
  const ranIn = () => readFileSync(join(runner, '.runner-pilot-boot'), 'utf8').trim();
  return { ran, ranIn, argv, env, strays, hasCredential: existsSync(join(inputs.folderOf('uid'), 'credential')) };
}

const registration = (value: string): Parameters => ({
  url: value,
  name: value,
  labels: [value],
  secret: value || 'empty',
  kind: 'registration',
  ephemeral: true,
});

function expectUntouched(shell: readonly string[], given: Parameters, script?: string) {
  const { ran, argv, env, strays, hasCredential } = enter(shell, given, script);
  expect(ran.stdout + ran.stderr).toBe('');
  expect(strays).toEqual([]);
  expect(hasCredential).toBe(false);
  const { url, name, labels, secret } = given;
  expect(argv('config.sh')).toEqual([
    ...['--unattended', '--url', url, '--name', name, '--labels', labels.join(',')],
    ...['--replace', '--ephemeral'],
  ]);
  expect(env('config.sh').ACTIONS_RUNNER_INPUT_TOKEN).toBe(secret);
  expect(argv('run.sh')).toEqual([]);
  expect(env('run.sh')).not.toHaveProperty('ACTIONS_RUNNER_INPUT_TOKEN');
}

describe.each(Object.entries(shells))('the entry script in %s', (_, shell) => {
  test('passes on whatever the parameters are, and runs none of it', () => {
    for (const value of nasty) expectUntouched(shell, registration(value));
  }, 120_000);

  test('passes on what nobody thought of', () => {
    const line = fc
      .string({ unit: 'binary', maxLength: 200 })
      .filter((text) => !/[\r\n\0]/.test(text) && text.isWellFormed());
    fc.assert(
      fc.property(line, (value) => expectUntouched(shell, registration(value))),
      { numRuns: 50 },
    );
  }, 120_000);

  test('starts again what has registered itself, once per boot, and needs no credential for it', () => {
    const given: Parameters = { ...registration('x'), kind: 'restart', secret: '', ephemeral: false };
    const again = (kept: Record<string, string>) => enter(shell, given, entryScript(), kept);

    const restarted = again({ '.runner': '{}', '.runner-pilot-boot': 'boot-0\n' });
    const twice = again({ '.runner': '{}', '.runner-pilot-boot': 'boot-1\n' });
    const unregistered = again({});

    expect(restarted.ran).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(restarted.argv('run.sh')).toEqual([]);
    expect(restarted.ranIn()).toBe('boot-1');
    expect(() => restarted.argv('config.sh')).toThrow('ENOENT');
    expect(twice.ran).toMatchObject({ status: 1, stdout: expect.stringContaining('ERROR restarted_already: ') });
    expect(unregistered.ran).toMatchObject({ status: 1, stdout: expect.stringContaining('ERROR not_configured: ') });
    for (const { argv } of [twice, unregistered]) expect(() => argv('run.sh')).toThrow('ENOENT');
  });

  test('notes in which boot it has registered what lasts', () => {
    expect(enter(shell, { ...registration('x'), ephemeral: false }).ranIn()).toBe('boot-1');
    expect(() => enter(shell, registration('x')).ranIn()).toThrow('ENOENT');
  });

  test('gives a JIT config to the runner alone, and asks nobody to configure it', () => {
    const given = { ...registration('x'), kind: 'jit', secret: 'eyJhIjoiJChpZCkifQ==' } as const;

    const { ran, argv, env, hasCredential } = enter(shell, given);

    expect(ran.status).toBe(0);
    expect(argv('run.sh')).toEqual([]);
    expect(env('run.sh').ACTIONS_RUNNER_INPUT_JITCONFIG).toBe(given.secret);
    expect(() => argv('config.sh')).toThrow('ENOENT');
    expect(hasCredential).toBe(false);
  });
});

test.each([
  ['unquoted', (script: string) => script.replace('--name "$name"', '--name $name')],
  ['evaluated', (script: string) => script.replace('./config.sh "$@"', 'eval ./config.sh "$*"')],
  ['with backslashes read', (script: string) => script.replace('read -r value', 'read value')],
  ['kept', (script: string) => script.replace('rm -f "$input/credential"', 'true')],
])('a script in which a value is %s is caught', (_, weaken) => {
  const weakened = weaken(entryScript());
  expect(weakened).not.toBe(entryScript());

  expect(() => {
    for (const value of nasty) expectUntouched(shells.dash, registration(value), weakened);
  }).toThrow();
});

test('a second line is refused before it becomes a file', () => {
  const inputs = createInputs(mkdtempSync(join(tmpdir(), 'rp-entry-')));
  inputs.prepare('uid');

  expect(() => inputs.put('uid', { ...registration('a\nb'), labels: ['x'] }, 'boot-1')).toThrow('line break');
});

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;

// Not every machine has it; in CI it has to be there.
test.skipIf(!hasShellcheck && !process.env.CI)('shellcheck finds nothing in the scripts', () => {
  for (const script of ['entry.sh', 'install.sh']) {
    const { status, stdout } = spawnSync('shellcheck', [join(import.meta.dirname, '../../agent', script)], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  }
});
