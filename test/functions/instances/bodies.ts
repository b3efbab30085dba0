import { expect } from 'vitest';

type Answer<T> =
  | { readonly ok: true; readonly body: T }
  | { readonly ok: false; readonly problem: { readonly code: string; readonly detail: string } };

/** The body of an answer that has to be one. */
export function bodyOf<T>(answer: Answer<T>): T {
  if (!answer.ok) expect.fail(`${answer.problem.code}: ${answer.problem.detail}`);
  return answer.body;
}

/** Expects a refusal with this code, and gives its sentence. */
export function refusedWith(code: string, answer: Answer<unknown>): string {
  expect(answer).toMatchObject({ ok: false, problem: { code } });
  return answer.ok ? '' : answer.problem.detail;
}
