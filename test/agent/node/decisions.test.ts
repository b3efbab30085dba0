import { expect, test } from 'vitest';
import type { Container } from '#agent/engine/replies.ts';
import { endingOf } from '#agent/node/ending.ts';
import { memoryOf } from '#agent/node/figures.ts';
import { refusalOf } from '#agent/node/image-refusal.ts';
import { label } from '#agent/node/labels.ts';
import { freeSubnets, parseBlock } from '#agent/node/network.ts';
import { createObservations } from '#agent/node/observations.ts';
import { afterLine, type Phase, startedPhase } from '#agent/node/phase.ts';
import { parseReference } from '#agent/node/reference.ts';
import { createUnlisted } from '#agent/node/unlisted.ts';

const ended = (state: Partial<Container['State']>, boot = 'boot-1', lasts = false): Container => ({
  Id: 'id',
  Name: '/rp-x',
  Created: '',
  Image: '',
  Config: { Labels: { [label.boot]: boot, ...(lasts && { [label.persistent]: 'true' }) } },
  State: {
    Status: 'exited',
    Running: false,
    OOMKilled: false,
    ExitCode: 0,
    StartedAt: '',
    FinishedAt: '',
    ...state,
  },
  HostConfig: { Memory: 256 * 1024 * 1024 },
});
const told = (...lines: string[]): Phase => lines.reduce((phase, line) => afterLine(phase, line, 1), startedPhase);

test.each([
  ['out_of_memory', ended({ OOMKilled: true, ExitCode: 137 }), told('Listening for Jobs', 'Running job: build')],
  [
    'token_refused',
    ended({ ExitCode: 1 }),
    told("Http response code: NotFound from 'POST https://api.github.com/actions/runner-registration'"),
  ],
  ['library_missing', ended({ ExitCode: 1 }), told('[runner-pilot] ERROR library_missing: needs libssl')],
  ['node_rebooted', ended({ ExitCode: 255 }, 'boot-0'), told('Listening for Jobs')],
  [
    'job_completed',
    ended({ ExitCode: 0 }, 'boot-0'),
    told('Listening for Jobs', 'Running job: a', 'Job a completed with result: Succeeded'),
  ],
  ['node_rebooted', ended({ ExitCode: 0 }, 'boot-0'), told('Listening for Jobs', 'Running job: a')],
  [
    'node_rebooted',
    ended({ ExitCode: 0 }, 'boot-0', true),
    told('Listening for Jobs', 'Running job: a', 'Job a completed with result: Succeeded'),
  ],
  ['killed', ended({ ExitCode: 137 }), told('Listening for Jobs')],
  ['job_completed', ended({}), told('Running job: a', 'Job a completed with result: Succeeded')],
  ['exited', ended({}), told('Listening for Jobs')],
  ['exited', ended({ ExitCode: 0, OOMKilled: true }), told('Listening for Jobs')],
  ['never_listened', ended({ ExitCode: 3 }), told('hello')],
])('an end is %s', (code, container, phase) => {
  const ending = endingOf(container, phase, container.Config.Labels?.[label.boot] === 'boot-1');

  expect(ending.code).toBe(code);
  expect(ending.detail.length).toBeLessThanOrEqual(1024);
});

test('what the entry script says counts until the runner has listened; then it is a job that prints it', () => {
  const forged = told('Listening for Jobs', '[runner-pilot] ERROR library_missing: no');

  expect(forged.trouble).toBeUndefined();
});

test('a trouble is over when the runner listens again', () => {
  expect(told('A session for this runner already exists.').trouble?.code).toBe('session_conflict');
  expect(told('A session for this runner already exists.', 'Listening for Jobs').trouble).toBeUndefined();
});

test.each([
  ['ubuntu', 'ubuntu', 'latest'],
  ['ubuntu:22.04', 'ubuntu', '22.04'],
  ['localhost:5000/a/b', 'localhost:5000/a/b', 'latest'],
  ['localhost:5000/a/b:c', 'localhost:5000/a/b', 'c'],
  [`a:1@sha256:${'0'.repeat(64)}`, 'a', `sha256:${'0'.repeat(64)}`],
])('%s is %s with the tag %s', (image, name, tag) => {
  expect(parseReference(image)).toEqual({ name, tag });
});

// As engines and registries have said them.
test.each([
  ['manifest for ubuntu:99 not found: manifest unknown: manifest unknown', 'image_not_found', false],
  [
    "pull access denied for nobody/nothing, repository does not exist or may require 'docker login'",
    'image_denied',
    false,
  ],
  ['unauthorized: authentication required', 'image_denied', false],
  ['no matching manifest for linux/arm64/v8 in the manifest list entries', 'image_not_found', false],
  ['Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io: no such host', 'image_pull_failed', true],
  ['toomanyrequests: You have reached your pull rate limit.', 'image_pull_failed', true],
])('"%s" is %s', (message, code, retryable) => {
  expect(refusalOf({ image: 'x:1', organization: 'acme', login: undefined }, message)).toMatchObject({
    code,
    retryable,
  });
});

test('each container gets 16 addresses that nobody else has', () => {
  const range = parseBlock('10.213.0.0/26') ?? { first: 0, last: 0 };
  const taken = ['10.213.0.16/28', '10.213.0.40/30', '172.17.0.0/16'].flatMap((block) => parseBlock(block) ?? []);

  expect([...freeSubnets(range, taken, 0)]).toEqual(['10.213.0.0/28', '10.213.0.48/28']);
  expect([...freeSubnets(range, taken, 3)]).toEqual(['10.213.0.48/28', '10.213.0.0/28']);
  expect([...freeSubnets(range, [range], 0)]).toEqual([]);
  expect(parseBlock('fd00::/64')).toBeUndefined();
  expect(parseBlock('10.0.0.300/8')).toBeUndefined();
});

test('memory counts no pages of files that nobody needs, on cgroup v1 and v2', () => {
  const cpu_stats = { cpu_usage: { total_usage: 0 } };

  expect(memoryOf({ cpu_stats, memory_stats: { usage: 100, stats: { inactive_file: 30 } } })).toBe(70);
  expect(
    memoryOf({ cpu_stats, memory_stats: { usage: 100, stats: { inactive_file: 1, total_inactive_file: 40 } } }),
  ).toBe(60);
  expect(memoryOf({ cpu_stats, memory_stats: {} })).toBe(0);
});

test('what is unlisted goes after two syncs and the time between, and never while reaping is off', () => {
  const judge = createUnlisted();
  const nobody = new Set<string>();

  expect(judge(['a'], nobody, true, 1000, 0)).toEqual({ due: [], againInMs: 1000 });
  expect(judge(['a'], nobody, true, 1000, 400)).toEqual({ due: [], againInMs: 600 });
  expect(judge(['a'], nobody, false, 1000, 1000)).toEqual({ due: [], againInMs: undefined });
  expect(judge(['a'], nobody, true, 1000, 1100)).toEqual({ due: [], againInMs: 1000 });
  expect(judge(['a'], new Set(['a']), true, 1000, 2000)).toEqual({ due: [], againInMs: undefined });
  expect(judge(['a'], nobody, true, 1000, 2100)).toEqual({ due: [], againInMs: 1000 });
  expect(judge(['a'], nobody, true, 1000, 3100)).toEqual({ due: ['a'], againInMs: undefined });
});

test('reports are repeated until they are acknowledged, and that it listened is never lost', () => {
  let seq = 0;
  const observations = createObservations(() => ++seq);
  const states = () => observations.list().map(({ state }) => state);

  for (const state of ['pulling', 'running', 'listening', 'busy', 'listening', 'busy', 'exited'] as const) {
    observations.note('a', { generation: 1, state, ...(state === 'busy' ? { job: `${seq}` } : {}) });
  }
  const first = observations.list();

  expect(observations.note('a', { generation: 1, state: 'exited' })).toBe(false);
  expect(states()).toContain('listening');
  expect(states().at(-1)).toBe('exited');
  expect(observations.list()).toEqual(first);
  observations.note('a', { generation: 2, state: 'gone' });
  expect(observations.acknowledge(first)).toBe(true);
  expect(states()).toEqual(['gone']);
});
