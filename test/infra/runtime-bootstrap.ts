import { createRequire } from 'node:module';
import { join } from 'node:path';

// What Lambda's own runtime for Node 24 does around a handler: load it, ask for events, give back answers.

const { AWS_LAMBDA_RUNTIME_API: api, LAMBDA_TASK_ROOT: root = '', _HANDLER = '' } = process.env;
const invocations = `http://${api}/2018-06-01/runtime/invocation`;

const post = (url: string, body: unknown) => fetch(url, { method: 'POST', body: JSON.stringify(body ?? null) });
const described = (error: unknown) =>
  error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: error.stack?.split('\n') }
    : { errorType: 'Error', errorMessage: String(error), trace: [] };

function load(): (event: unknown, context: unknown) => unknown {
  const [file = '', name = ''] = _HANDLER.split('.');
  const handler = createRequire(join(root, 'x.js'))(join(root, `${file}.js`))[name];
  if (typeof handler !== 'function') throw new Error(`${_HANDLER} is not a function.`);
  // Node 24's runtime refuses handlers that take a callback.
  if (handler.length > 2)
    throw Object.assign(new Error('takes a callback'), { name: 'Runtime.CallbackHandlerDeprecated' });
  return handler;
}

let handler: ReturnType<typeof load>;
try {
  handler = load();
} catch (error) {
  await post(`http://${api}/2018-06-01/runtime/init/error`, described(error));
  throw error;
}

for (;;) {
  const next = await fetch(`${invocations}/next`);
  const id = next.headers.get('lambda-runtime-aws-request-id') ?? '';
  const deadline = Number(next.headers.get('lambda-runtime-deadline-ms'));
  const context = {
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: '$LATEST',
    invokedFunctionArn: next.headers.get('lambda-runtime-invoked-function-arn'),
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    awsRequestId: id,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  try {
    await post(`${invocations}/${id}/response`, await handler(await next.json(), context));
  } catch (error) {
    await post(`${invocations}/${id}/error`, described(error));
  }
}
