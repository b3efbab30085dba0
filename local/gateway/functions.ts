import type { Context } from 'aws-lambda';
import { createDeadlines } from './deadlines.ts';

/** A function's handler, as Lambda calls it. */
export type Handler = (event: never, context: Context) => Promise<unknown>;

/** Finds the handler of an operation. */
export type Load = (operationId: string) => Promise<Handler>;

/** The name of an operation's Lambda: `nodes.create` is `NodesCreate`. */
export const functionName = (operationId: string): string =>
  operationId.replaceAll(/(?:^|\.)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** What {@link createFunctions} needs. */
export interface FunctionsOptions {
  readonly load: Load;
  readonly timeoutMs: number;
}

/** Says that a function has taken longer than it may. */
export const timedOut = Symbol('timed out');

/** Calls functions in this process, each loaded when first called, with Lambda's context and its time limit. */
export function createFunctions({ load, timeoutMs }: FunctionsOptions) {
  const loaded = new Map<string, { readonly name: string; readonly handler: Handler }>();
  const loading = new Map<string, Promise<void>>();
  const deadlines = createDeadlines(timeoutMs);

  function loadOnce(operationId: string): Promise<void> {
    const known = loading.get(operationId);
    if (known) return known;
    const begun = load(operationId)
      .then((handler) => void loaded.set(operationId, { name: functionName(operationId), handler }))
      .finally(() => loading.delete(operationId));
    loading.set(operationId, begun);
    return begun;
  }

  return {
    /** The function's result, or {@link timedOut}; what it threw is thrown. */
    async call(operationId: string, event: unknown, awsRequestId: string): Promise<unknown> {
      if (!loaded.has(operationId)) await loadOnce(operationId);
      const found = loaded.get(operationId);
      if (!found) throw new Error(`${operationId} was not loaded.`);
      const context = contextOf(found.name, awsRequestId, timeoutMs);
      return new Promise((resolve, reject) => {
        const stop = deadlines.start(() => resolve(timedOut));
        const fail = (error: unknown) => {
          stop();
          reject(error);
        };
        try {
          found.handler(event as never, context).then((result) => {
            stop();
            resolve(result);
          }, fail);
        } catch (error) {
          fail(error);
        }
      });
    },
  };
}

function contextOf(functionName: string, awsRequestId: string, timeoutMs: number): Context {
  const deadline = performance.now() + timeoutMs;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${functionName}`,
    memoryLimitInMB: '512',
    awsRequestId,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, Math.round(deadline - performance.now())),
    done: unsupported,
    fail: unsupported,
    succeed: unsupported,
  };
}

/** Lambda's runtime has dropped these together with callbacks (Node 24). */
function unsupported(): never {
  throw new Error('Lambda on Node 24 has no callbacks: return a promise.');
}
