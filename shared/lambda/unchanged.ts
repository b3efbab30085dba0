import { isDeepStrictEqual } from 'node:util';
import type { Operation } from '#contract/operation.ts';
import type { InvalidMember } from '#domain/problem.ts';
import { invalid } from './input.ts';

/**
 * Checks that a `PUT` leaves alone what can't be changed: such members have to equal what `GET` gives (`shown`), so
 * that an edit form may send all it has.
 */
export function assertUnchanged(operation: Operation, body: object, shown: object): void {
  const sent = new Map<string, unknown>(Object.entries(body));
  const there = new Map<string, unknown>(Object.entries(shown));
  const errors = (operation.readOnly?.equal ?? []).flatMap((name): InvalidMember[] => {
    if (!sent.has(name) || isDeepStrictEqual(sent.get(name), there.get(name))) return [];
    const message = `can't be changed: leave it out, or send ${JSON.stringify(there.get(name))}`;
    return [{ path: `body.${name}`, message }];
  });
  if (errors.length > 0) throw invalid(errors);
}
