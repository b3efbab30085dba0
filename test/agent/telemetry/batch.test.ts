import { expect, test } from 'vitest';
import { batchLength, logEvent } from '#agent/telemetry/batch.ts';
import { createMask } from '#agent/telemetry/mask.ts';
import { createRate } from '#agent/telemetry/rate.ts';

test('a batch keeps to 10,000 events, 1 MiB and 24 hours', () => {
  const hour = 3_600_000;
  const many = Array.from({ length: 12_000 }, (_, i) => logEvent(i, 'x'));
  const large = Array.from({ length: 20 }, (_, i) => logEvent(i, 'ü'.repeat(50_000)));
  const long = [0, 10, 23, 25].map((hours) => logEvent(hours * hour, 'x'));

  expect(batchLength(many)).toBe(10_000);
  // 100,026 bytes each.
  expect(batchLength(large)).toBe(10);
  expect(batchLength(long)).toBe(3);
  expect(batchLength([logEvent(0, 'x'.repeat(2_000_000))])).toBe(1);
  expect(batchLength([])).toBe(0);
});

test('what is written faster than the rate is left out and counted, by the times of the lines', () => {
  const rate = createRate(1000);

  const burst = Array.from({ length: 60 }, () => rate.allows(1_000_000, 100)).filter(Boolean).length;
  const later = Array.from({ length: 20 }, () => rate.allows(1_001_000, 100)).filter(Boolean).length;

  expect(burst).toBe(50);
  expect(later).toBe(10);
  expect(rate.takeDropped()).toEqual({ lines: 20, bytes: 2000 });
  expect(rate.takeDropped()).toBeUndefined();
});

test('a line that had no room costs the rate nothing', () => {
  const rate = createRate(1000);

  for (let tries = 0; tries < 100; tries++) {
    expect(rate.allows(1_000_000, 5000)).toBe(true);
    rate.giveBack(5000);
  }

  expect(rate.takeDropped()).toBeUndefined();
});

test('a secret is masked wherever it stands, for its own instance', () => {
  const mask = createMask();
  mask.add('a', 'ghs_secret.$&');
  mask.add('a', 'short');

  expect(mask.apply('a', 'x ghs_secret.$& y ghs_secret.$&, short')).toBe('x *** y ***, short');
  expect(mask.apply('b', 'ghs_secret.$&')).toBe('ghs_secret.$&');
});
