import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { type Problem, problem } from '#domain/problem.ts';
import { binder, type Change, type Condition, updateExpression } from './expression.ts';
import type { Key } from './keys.ts';
import type { Row } from './row.ts';

/** One row of the table as a failed condition shows it; it may have expired, or be absent. */
export type Refused = Readonly<Record<string, unknown>> | undefined;

/** What a write comes to if its condition does not hold: a problem is thrown, anything else given back. */
export type Otherwise<R> = (row: Refused) => R | Problem;

/** One write of a transaction. `R` is what its failing may come to. */
export interface Step<R = never> {
  readonly action: { readonly put: Row } | { readonly update: Change } | 'remove' | 'check';
  readonly key: Key;
  readonly where?: Condition | undefined;
  readonly otherwise?: Otherwise<R> | undefined;
}

// Whoever gives problems only, gives nothing back: `R` is what is left without them.
const step = <R>(
  action: Step['action'],
  key: Key,
  where?: Condition,
  otherwise?: (row: Refused) => R,
): Step<Exclude<R, Problem>> => ({ action, key, where, otherwise: otherwise as Otherwise<Exclude<R, Problem>> });

/** A step that writes a whole row. */
export const put = <R = never>(row: Row, where?: Condition, otherwise?: (row: Refused) => R) =>
  step({ put: row }, row, where, otherwise);

/** A step that changes attributes of a row. Without a condition it makes the row if it is not there. */
export const update = <R = never>(key: Key, change: Change, where?: Condition, otherwise?: (row: Refused) => R) =>
  step({ update: change }, key, where, otherwise);

/** A step that removes a row. */
export const remove = <R = never>(key: Key, where?: Condition, otherwise?: (row: Refused) => R) =>
  step('remove', key, where, otherwise);

/** A step that only demands something of a row. */
export const check = <R = never>(key: Key, where: Condition, otherwise?: (row: Refused) => R) =>
  step('check', key, where, otherwise);

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** A step as DynamoDB takes it. */
export function transactItem<R>({ action, key, where }: Step<R>, tableName: string): TransactItem {
  const bind = binder();
  const update = typeof action === 'object' && 'update' in action ? updateExpression(action.update, bind) : '';
  const condition = where?.(bind);
  const common = {
    TableName: tableName,
    ...(condition !== undefined && {
      ConditionExpression: condition,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    }),
    ...bind.bindings(),
  };
  const Key = { pk: key.pk, sk: key.sk };
  if (action === 'remove') return { Delete: { ...common, Key } };
  if (action === 'check') return { ConditionCheck: { ...common, ConditionExpression: condition ?? '', Key } };
  if ('put' in action) return { Put: { ...common, Item: { ...action.put } } };
  return { Update: { ...common, Key, UpdateExpression: update } };
}

/** What the failed steps come to: the first one that has an answer speaks. */
export function outcome<R>(failed: readonly { readonly step: Step<R>; readonly row: Refused }[]): R {
  for (const { step, row } of failed) {
    if (!step.otherwise) continue;
    const answer = step.otherwise(row);
    if (answer instanceof Error) throw answer;
    return answer;
  }
  const keys = failed.map(({ step }) => `${step.key.pk} / ${step.key.sk}`).join(', ');
  throw problem('internal.error', `Rows are not as they have to be: ${keys}.`);
}
