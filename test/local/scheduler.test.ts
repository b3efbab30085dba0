import { expect, test, vi } from 'vitest';
import { startScheduler } from '#local/scheduler.ts';

/** A run that takes until it is told to finish. */
function controlled() {
  const finishers: (() => void)[] = [];
  let running = 0;
  let most = 0;
  let count = 0;
  const run = async () => {
    count += 1;
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => finishers.push(resolve));
    running -= 1;
  };
  return { run, finish: () => finishers.shift()?.(), count: () => count, most: () => most };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('two runs are never under way at once, however they are asked for', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const work = controlled();
  const scheduler = startScheduler({ everyMs: 1_000, run: work.run, onError: () => {} });

  vi.advanceTimersByTime(5_000);
  const first = scheduler.runNow();
  const second = scheduler.runNow();
  await settle();
  expect(work.count()).toBe(1);
  work.finish();
  await settle();
  vi.advanceTimersByTime(5_000);
  expect(work.count()).toBe(2);
  work.finish();
  await Promise.all([first, second]);

  expect(work.most()).toBe(1);
  expect(work.count()).toBe(2);
  vi.advanceTimersByTime(1_000);
  expect(work.count()).toBe(3);
  work.finish();
  await scheduler.stop();
  vi.useRealTimers();
});

test('a run on demand begins after it was asked for, and throws what the run throws', async () => {
  let count = 0;
  const scheduler = startScheduler({
    everyMs: undefined,
    run: async () => {
      count += 1;
      if (count === 2) throw new Error('second');
    },
    onError: () => {},
  });

  await scheduler.runNow();
  await expect(scheduler.runNow()).rejects.toThrow('second');
  await scheduler.runNow();

  expect(count).toBe(3);
  await scheduler.stop();
});

test('a scheduled run that fails is told of, and the schedule goes on', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const errors: unknown[] = [];
  const scheduler = startScheduler({
    everyMs: 1_000,
    run: () => Promise.reject(new Error('no')),
    onError: (what, error) => errors.push(what, String(error)),
  });

  vi.advanceTimersByTime(1_000);
  await settle();
  vi.advanceTimersByTime(1_000);
  await settle();

  expect(errors).toEqual(['The sweep failed', 'Error: no', 'The sweep failed', 'Error: no']);
  await scheduler.stop();
  vi.useRealTimers();
});

test('stopping waits for the run under way, and none begins afterwards', async () => {
  const work = controlled();
  const scheduler = startScheduler({ everyMs: undefined, run: work.run, onError: () => {} });
  const running = scheduler.runNow();
  const queued = scheduler.runNow();
  let stopped = false;

  const stopping = scheduler.stop().then(() => {
    stopped = true;
  });
  await settle();
  expect(stopped).toBe(false);
  work.finish();
  await Promise.all([running, queued, stopping]);

  expect(work.count()).toBe(1);
});
