import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** A call to DynamoDB on its way: what it is, and what it says. */
export interface Call {
  /** Such as `TransactWriteItemsCommand`. */
  readonly command: string;
  readonly input: Record<string, unknown>;
}

/**
 * Puts something between the store and the SDK, outside the SDK's own retries: `around` sends the call on with `next`,
 * as it is or with other input, or doesn't.
 */
export function intercept(
  client: DynamoDBClient,
  around: (
    call: Call,
    next: (input?: Call['input']) => Promise<Record<string, unknown>>,
  ) => Promise<Record<string, unknown>>,
): DynamoDBClient {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const call = { command: String(context.commandName), input: args.input as Record<string, unknown> };
      let answer: Awaited<ReturnType<typeof next>> | undefined;
      const output = await around(call, async (input = call.input) => {
        answer = await next({ ...args, input: input as typeof args.input });
        return answer.output as unknown as Record<string, unknown>;
      });
      return { response: answer?.response, output: output as never };
    },
    { step: 'initialize', priority: 'low', name: `intercept-${Math.random()}` },
  );
  return client;
}
