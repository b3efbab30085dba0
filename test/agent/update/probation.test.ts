import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { readSettings } from '#agent/environment.ts';
import { openState } from '#agent/state.ts';
import { beginProbation, endedWell, previousProgram, startProbation } from '#agent/update/probation.ts';

const folder = mkdtempSync(join(tmpdir(), 'rp-probation-'));
const argv = [...process.argv];
afterEach(() => {
  process.argv = [...argv];
  vi.useRealTimers();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const said: string[] = [];
const log = (what: string) => said.push(what);
const minute = 60_000;

/** A program that has taken another's place, as this process. */
function replaced() {
  const at = join(folder, crypto.randomUUID());
  const program = join(at, 'agent.mjs');
  const settings = readSettings({
    RUNNER_PILOT_AGENT_STATE: join(at, 'state'),
    RUNNER_PILOT_AGENT_RUN: join(at, 'run'),
    RUNNER_PILOT_AGENT_UPDATE: 'on',
  });
  mkdirSync(settings.stateFolder, { recursive: true });
  writeFileSync(program, 'the old one');
  const release = { version: '0.2.0', sha256: createHash('sha256').update('the new one').digest('hex') };
  beginProbation(settings, program, release);
  writeFileSync(program, 'the new one');
  process.argv[1] = program;
  const start = () => startProbation(settings, log);
  return { program, settings, release, start, state: () => openState(settings.stateFolder) };
}

test('a program that has crashed three times is replaced by the one before, and that is a failed update', () => {
  const { program, release, start, state } = replaced();

  expect([start(), start(), start()]).toEqual([undefined, undefined, undefined]);
  expect(start()).toBe(program);

  expect(readFileSync(program, 'utf8')).toBe('the old one');
  expect(state().failedUpdate()).toMatchObject({
    ...release,
    failures: 1,
    detail: expect.stringContaining('crashed 3 times'),
  });
  expect(state().probation()).toBeUndefined();
  expect(said.at(-1)).toMatch(/^agent 0\.2\.0 \([0-9a-f]{12}\) does not work/);
});

test('what ends it on purpose is no crash', () => {
  const { program, settings, start } = replaced();

  for (let times = 0; times < 10; times++) {
    expect(start()).toBeUndefined();
    endedWell(settings);
  }

  expect(readFileSync(program, 'utf8')).toBe('the new one');
});

test('ten minutes later it is the program, whatever happens', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const { settings, start, state } = replaced();
  for (let times = 0; times < 3; times++) start();

  vi.setSystemTime(Date.now() + 11 * minute);

  expect(start()).toBeUndefined();
  expect(state().probation()).toBeUndefined();
  expect(existsSync(previousProgram(settings))).toBe(false);
});

test('nothing is put in the place of a program that somebody has installed since, or without the one before', () => {
  const other = replaced();
  for (let times = 0; times < 3; times++) other.start();
  writeFileSync(other.program, 'another one');
  expect(other.start()).toBeUndefined();
  expect(readFileSync(other.program, 'utf8')).toBe('another one');

  const lost = replaced();
  for (let times = 0; times < 3; times++) lost.start();
  rmSync(previousProgram(lost.settings));
  expect(lost.start()).toBeUndefined();
  expect(lost.state().failedUpdate()).toBeUndefined();
});
