import { describe, expect, test } from 'vitest';
import { isObvious } from '#domain/password.ts';

describe('a password', () => {
  test.each(['runnerpilot', 'Runner-Pilot1!', 'GitHub Actions 2026'])('of %j is obvious', (password) => {
    expect(isObvious(password)).toBe(true);
  });

  test.each([
    'strongpassword',
    'runner between the lines',
    '        ',
    '!!!!????',
    '12345678',
    'ジョン・ドウ東京二三区',
  ])('of %j is not', (password) => {
    expect(isObvious(password)).toBe(false);
  });
});
