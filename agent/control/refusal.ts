import type { IncomingHttpHeaders } from 'node:http';
import * as z from 'zod';

const Problem = z.object({ code: z.string(), detail: z.string() }).partial();

/** A no of the control plane: `code` is the problem's, or `http.<status>` where the answer is no problem document. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly retryAfterSeconds: number | undefined;
}

/** Reads a no; what is in between (a proxy, a gateway) may have answered, so nothing is expected of the body. */
export function readRefusal(status: number, headers: IncomingHttpHeaders, text: string): Refusal {
  const problem = parse(text);
  const retryAfter = Number(headers['retry-after']);
  return {
    status,
    code: problem.code ?? `http.${status}`,
    detail: problem.detail ?? `The control plane answered ${status}.`,
    retryAfterSeconds: Number.isFinite(retryAfter) && retryAfter >= 0 ? Math.min(retryAfter, 3600) : undefined,
  };
}

/** What stands for a no where nobody has answered. */
export const unreachable = (error: unknown): Refusal => ({
  status: 503,
  code: 'control.unreachable',
  detail: `${error instanceof Error ? error.message : error}`,
  retryAfterSeconds: undefined,
});

/** A no that is thrown, for whoever began what it ends. */
export const refusedBy = (refusal: Refusal): Error & { readonly refusal: Refusal } =>
  Object.assign(new Error(refusal.detail), { refusal });

/** Is this a no of the control plane? */
export const isRefused = (error: unknown): error is ReturnType<typeof refusedBy> =>
  error instanceof Error && 'refusal' in error;

function parse(text: string): z.output<typeof Problem> {
  try {
    return Problem.safeParse(JSON.parse(text)).data ?? {};
  } catch {
    return {};
  }
}
