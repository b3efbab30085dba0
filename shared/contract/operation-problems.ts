import type { ProblemCode } from '#domain/problem.ts';
import type { Operation } from './operation.ts';

/** Every problem that an operation may answer: its own, and those that its other members imply. */
export function problemsOf(operation: Operation): readonly ProblemCode[] {
  const { audience, method, path, idempotent, versioned, problems } = operation;
  const takesBody = method !== 'GET';
  const implied: readonly ProblemCode[] = [
    'request.malformed',
    'request.invalid',
    ...(audience === 'public' ? [] : (['token.missing', 'token.invalid'] as const)),
    ...(path.startsWith('/org/{org_id}') ? (['role.insufficient', 'organization.not-found'] as const) : []),
    ...(versioned && method === 'PUT' ? (['version.stale'] as const) : []),
    ...(takesBody ? (['body.too-large', 'media-type.unsupported'] as const) : []),
    ...(idempotent ? (['idempotency.mismatch'] as const) : []),
    ...(method === 'POST' && audience === 'user' ? (['rate.limited'] as const) : []),
    'internal.error',
    'service.unavailable',
  ];
  return [...new Set([...implied, ...problems])];
}
