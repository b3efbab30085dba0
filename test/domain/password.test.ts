import { describe, expect, test } from 'vitest';
import { isObvious } from '#domain/password.ts';

const john = { full_name: 'John Doe', email: 'j.smith-99@gigatech.example.com' };

describe('a password', () => {
  test.each([
    'runnerpilot',
    'Runner-Pilot1!',
    'GitHub Actions 2026',
    'johndoe1',
    'John.Doe.1984',
    'smith1234',
    'gigatech!!!',
    'j.smith-99@gigatech.example.com',
  ])('of %j is obvious for John', (password) => {
    expect(isObvious(password, john)).toBe(true);
  });

  test.each([
    'strongpassword',
    'runner between the lines',
    'johndoe-vexes',
    '        ',
    '!!!!????',
    '12345678',
    'ジョン・ドウ東京二三区',
  ])('of %j is not', (password) => {
    expect(isObvious(password, john)).toBe(false);
  });

  test('is judged at once, whatever it is and whosever', () => {
    const start = performance.now();

    isObvious('a-'.repeat(64), { full_name: 'aaa '.repeat(64), email: `${'a-'.repeat(32)}@${'aaa.'.repeat(60)}com` });

    expect(performance.now() - start).toBeLessThan(50);
  });
});
