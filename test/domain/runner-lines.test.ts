import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classifyRunnerLine } from '#domain/runner-lines.ts';

const trouble = (reason: string) => ({ kind: 'trouble', reason });

describe('a line of the runner', () => {
  test.each([
    ['2026-11-24 06:31:12Z: Listening for Jobs', { kind: 'listening' }],
    ['Listening for Jobs', { kind: 'listening' }],
    ["Current runner version: '2.335.0'", { kind: 'connected', version: '2.335.0' }],
    ['2026-11-24 06:31:12Z: Running job: build', { kind: 'busy', job: 'build' }],
    ['Running job: build / test (linux, 22)', { kind: 'busy', job: 'build / test (linux, 22)' }],
    [
      '2026-11-24 06:31:15Z: Job build completed with result: Succeeded',
      { kind: 'job_completed', job: 'build', result: 'Succeeded' },
    ],
    [
      'Job a completed with result: Failed completed with result: Canceled',
      { kind: 'job_completed', job: 'a completed with result: Failed', result: 'Canceled' },
    ],
    [
      "Http response code: NotFound from 'POST https://api.github.com/actions/runner-registration' (Request Id: 1:2)",
      trouble('token_refused'),
    ],
    [
      "Http response code: NotFound from 'POST https://ghe.example.com/api/v3/actions/runner-registration'",
      trouble('token_refused'),
    ],
    [
      'Failed to create a session. The runner registration has been deleted from the server, please re-configure.',
      trouble('registration_deleted'),
    ],
    ['A session for this runner already exists.', trouble('session_conflict')],
    ['Stop retry on SessionConflictException after retried for 240 seconds.', trouble('session_conflict')],
    [
      'Runner listener exit with Session Conflict error, stop the service, no retry needed.',
      trouble('session_conflict'),
    ],
    [
      'An error occured: Runner version v2.308.0 is deprecated and cannot receive messages.',
      trouble('version_deprecated'),
    ],
    ['The runner no longer exists on the server. Please reconfigure the runner.', trouble('removed')],
    ['An error occurred: Not configured. Run config.(sh/cmd) to configure the runner.', trouble('not_configured')],
    ['Cannot configure the runner because it is already configured. To reconfigure', trouble('already_configured')],
    ['Must not run interactively with sudo', trouble('root_refused')],
    [
      './bin/Runner.Listener: error while loading shared libraries: libstdc++.so.6: cannot open shared object file',
      trouble('library_missing'),
    ],
    [
      '2026-11-24 06:31:12Z: Runner connect error: The HTTP request timed out. Retrying until reconnected.',
      trouble('github_unreachable'),
    ],
  ])('%s', (line, meaning) => {
    expect(classifyRunnerLine(line)).toEqual(meaning);
  });

  test.each([
    '',
    '√ Connected to GitHub',
    'echo Listening for Jobs',
    'Running job: ',
    'Job build completed with result: Maybe',
    '[WORKER 2026-11-24 06:31:12Z INFO ProcessInvoker] Running job: x',
    'x'.repeat(5000),
  ])('%j means nothing', (line) => {
    expect(classifyRunnerLine(line)).toBeUndefined();
  });

  test('means the same in colours and with a carriage return', () => {
    expect(classifyRunnerLine('\u001b[32m2026-11-24 06:31:12Z: Listening for Jobs\u001b[0m\r')).toEqual({
      kind: 'listening',
    });
    expect(classifyRunnerLine('\u001b]0;title\u0007Running job: \u001b[1mbuild\u001b[0m')).toEqual({
      kind: 'busy',
      job: 'build',
    });
  });

  test('that names a job gives the name back without control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }), (job) => {
        const meaning = classifyRunnerLine(`Running job: ${job}`);

        // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
        if (meaning?.kind === 'busy') expect(meaning.job).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/);
      }),
    );
  });

  test('takes time in proportion to its length, whatever it is made of', () => {
    const pieces = [
      '\u001b[',
      '\u001b]',
      '0;',
      ' ',
      'Job ',
      ' completed with result: ',
      'x',
      "Http response code: NotFound from 'POST /",
    ];
    const lines = pieces.flatMap((piece) =>
      [piece, 'Job ', 'Running job: '].map((start) => start + piece.repeat(65_536 / piece.length)),
    );

    for (const line of lines) {
      const from = performance.now();
      classifyRunnerLine(line);
      classifyRunnerLine(line.slice(0, 4096));
      expect(performance.now() - from).toBeLessThan(250);
    }
  });
});
