import * as z from 'zod';
import { type Problem, problem } from '#domain/problem.ts';
import { absent, any, expired } from './expression.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { rowType } from './row.ts';
import { put, type Refused, type Step } from './steps.ts';
import type { Once } from './write.ts';

const record = rowType('idempotency', z.object({ hash: z.string(), uid: z.string() }));
const lifeMs = 24 * 3600 * 1000;

/** A request that has had its effect already: the uid of what it made. */
export interface Replay {
  readonly replay: string;
}

const mismatch = (once: Once): Problem =>
  problem(
    'idempotency.mismatch',
    `The Idempotency-Key "${once.key}" was used for another request in the last 24 hours. Choose a new one.`,
  );

const replayOf = (once: Once, row: Refused): Replay | Problem =>
  row?.hash === once.hash && typeof row.uid === 'string' ? { replay: row.uid } : mismatch(once);

/** The step that makes a transaction happen once; it goes first, so that a replay wins over every other refusal. */
export const onceSteps = (link: Link, once: Once | undefined, uid: string): readonly Step<Replay>[] => {
  if (!once) return [];
  const now = link.now();
  const key = keys.idempotency(once.user, once.operation, once.key);
  const row = record.write(key, { hash: once.hash, uid }, { expires_at: now + lifeMs });
  return [put(row, any(absent(), expired(now)), (old) => replayOf(once, old))];
};

/** Requests that have had their effect. */
export interface Idempotency {
  /** The uid that a request with this key made (24 h); `idempotency.mismatch` if it was another request. */
  find(once: Once): Promise<string | undefined>;
}

/** Makes the repository of idempotency records. */
export const idempotency = (link: Link): Idempotency => ({
  async find(once) {
    const row = await link.get(keys.idempotency(once.user, once.operation, once.key));
    if (!row) return undefined;
    const answer = replayOf(once, record.read(row));
    if ('replay' in answer) return answer.replay;
    throw answer;
  },
});
