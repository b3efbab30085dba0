import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { problem, problems } from '#domain/problem.ts';

describe('the problems', () => {
  test('are each explained in docs/problems.md, with their status, and nothing else is', () => {
    const text = readFileSync('docs/problems.md', 'utf8');
    const explained = [...text.matchAll(/^## (\S+)\n(\d{3})/gm)].map(([, code, status]) => [code, Number(status)]);

    expect(Object.fromEntries(explained)).toEqual(
      Object.fromEntries(Object.entries(problems).map(([code, { status }]) => [code, status])),
    );
  });

  test('carry their status, and what the caller is told', () => {
    const refusal = problem('claim.wait', 'Another claim is under way.', { retryAfterSeconds: 7 });

    expect(refusal).toMatchObject({
      status: 409,
      message: 'Another claim is under way.',
      options: { retryAfterSeconds: 7 },
    });
  });
});
