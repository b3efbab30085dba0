import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, PutCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { plainRow } from './attributes.ts';
import type { Connection } from './connection.ts';
import { retrying } from './retry.ts';
import { outcome, type Refused, type Step, transactItem } from './steps.ts';

/** What a single write came to: the row as it was before, or what its failing comes to. */
export type Written<R> =
  | { readonly done: true; readonly before: Refused }
  | { readonly done: false; readonly failed: R };

/** Writes. A step whose condition does not hold comes to what its `otherwise` says. */
export interface Writes {
  /** All steps or none: undefined when they are done, else what the first failed one with an answer comes to. */
  transact<R = never>(steps: readonly Step<R>[]): Promise<R | undefined>;
  /** One step alone. */
  write<R = never>(step: Step<R>): Promise<Written<R>>;
}

/** Makes the writes of a connection. */
export function writes({ client, tableName, newId, retry }: Connection): Writes {
  const send = async <R>(step: Step<R>): Promise<Refused> => {
    const { Put, Update, Delete } = transactItem(step, tableName);
    if (Put) return (await client.send(new PutCommand({ ...Put, ReturnValues: 'ALL_OLD' }))).Attributes;
    if (Update) {
      const { UpdateExpression = '', ...rest } = Update;
      return (await client.send(new UpdateCommand({ ...rest, UpdateExpression, ReturnValues: 'ALL_OLD' }))).Attributes;
    }
    if (Delete) return (await client.send(new DeleteCommand({ ...Delete, ReturnValues: 'ALL_OLD' }))).Attributes;
    throw new Error('A check alone writes nothing: read the row.');
  };

  return {
    transact: async <R>(steps: readonly Step<R>[]) => {
      // Made once: DynamoDB knows a repetition by its token, and refuses one with other parameters.
      const request = Object.freeze({
        ClientRequestToken: newId(),
        TransactItems: steps.map((step) => transactItem(step, tableName)),
      });
      const failed = await retrying(
        retry,
        async () => {
          await client.send(new TransactWriteCommand(request));
          return [];
        },
        (error) => {
          if (!(error instanceof TransactionCanceledException)) return undefined;
          const reasons = error.CancellationReasons ?? [];
          const refused = steps.flatMap((step, index) => {
            const { Code, Item } = reasons[index] ?? {};
            return Code === 'ConditionalCheckFailed' ? [{ step, row: Item && plainRow(Item) }] : [];
          });
          return refused.length > 0 ? refused : undefined;
        },
      );
      return failed.length > 0 ? outcome(failed) : undefined;
    },

    write: <R>(step: Step<R>) =>
      retrying<Written<R>>(
        retry,
        async () => ({ done: true, before: await send(step) }),
        (error) =>
          error instanceof ConditionalCheckFailedException
            ? { done: false, failed: outcome([{ step, row: error.Item && plainRow(error.Item) }]) }
            : undefined,
      ),
  };
}
