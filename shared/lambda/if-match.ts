import { problem } from '#domain/problem.ts';

/** The `ETag` of a version. */
export const etagOf = (version: number): string => `"${version}"`;

/** The version that `If-Match` asks for (RFC 9110, 13.1.1); undefined where any will do. */
export function readIfMatch(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const version = /^\s*"(\d{1,15})"\s*$/.exec(header)?.[1];
  // Whatever is not one of our tags can't be that of the resource as it is now.
  if (version === undefined) throw problem('version.stale', 'If-Match takes the ETag of a GET, such as "3", or *.');
  return Number(version);
}
