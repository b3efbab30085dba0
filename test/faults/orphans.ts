import type { Github } from '#local/demo/github.ts';
import type { RawRow } from '#test/invariants.ts';

/**
 * Runners at GitHub that nobody will ever remove there: `known` were there before, the rows are of whoever may have
 * made the others. What has ended may still be there as long as the sweep is to come back to it.
 */
export function orphansAt(github: Github, known: ReadonlySet<string>, rows: readonly RawRow[]): string[] {
  return github
    .runners()
    .map(({ name }) => name)
    .filter((name) => !known.has(name))
    .filter((name) => {
      const row = rows.find(({ sk }) => /^(?:INSTANCE|PAST|DELETED)#/.test(sk) && sk.endsWith(`#${name.slice(3)}`));
      return row === undefined || (!row.sk.startsWith('INSTANCE#') && row.due === undefined);
    })
    .map((name) => `nobody will remove ${name} at GitHub`);
}
