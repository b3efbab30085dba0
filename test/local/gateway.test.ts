import { expect, test } from 'vitest';
import { ask, askRaw, gatewayOf } from './gateway/gateway.fixture.ts';

const ok = { 'things.newest': () => ({ statusCode: 200, body: 'ok' }) };

test('a function is loaded when it is first called, and only then', async () => {
  const loads: string[] = [];
  await using gateway = await gatewayOf(
    {},
    {
      load: async (operationId) => {
        loads.push(operationId);
        return async () => 'ok';
      },
    },
  );

  expect(loads).toEqual([]);
  await Promise.all([ask(gateway, '/things/newest'), ask(gateway, '/things/newest')]);
  await ask(gateway, '/things/newest');

  expect(loads).toEqual(['things.newest']);
});

test('a function gets the context that Lambda gives it', async () => {
  await using gateway = await gatewayOf(
    {},
    {
      load: async () => async (_, context) => ({
        name: context.functionName,
        id: context.awsRequestId,
        left: context.getRemainingTimeInMillis(),
      }),
    },
  );

  const context = JSON.parse((await ask(gateway, '/things', { method: 'POST' })).text);

  expect(context).toEqual({
    name: 'ThingsCreate',
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/),
    left: expect.any(Number),
  });
  expect(context.left).toBeGreaterThan(29_000);
  expect(context.left).toBeLessThanOrEqual(30_000);
});

test('a function that throws, or that is not there, is a 500 that says nothing of it', async () => {
  await using gateway = await gatewayOf({
    'things.newest': () => {
      throw new Error('the password is hunter2');
    },
  });

  for (const path of ['/things/newest', '/things/a']) {
    expect(await ask(gateway, path)).toMatchObject({ status: 500, text: '{"message":"Internal Server Error"}' });
  }
  expect(gateway.errors).toEqual(['things.newest failed', 'things.get failed']);
});

test('a function that takes too long is a 503', async () => {
  await using gateway = await gatewayOf({ 'things.newest': () => new Promise(() => {}) }, { timeoutMs: 50 });

  const answer = await ask(gateway, '/things/newest');

  expect(answer).toMatchObject({ status: 503, text: '{"message":"Service Unavailable"}' });
});

test('an unknown route without a fallback is a 404', async () => {
  await using gateway = await gatewayOf({});

  expect(await ask(gateway, '/nowhere')).toMatchObject({ status: 404, text: '{"message":"Not Found"}' });
});

test('a path that does not decode is a 400', async () => {
  await using gateway = await gatewayOf({});

  expect(await ask(gateway, '/things/%ff')).toMatchObject({ status: 400, text: '{"message":"Bad Request"}' });
});

test('a body of 10 MB passes, one byte more is a 413, announced or not', async () => {
  await using gateway = await gatewayOf({
    'things.create': (event) => ({ statusCode: 200, body: `${event.body?.length}` }),
  });
  const headers = { 'content-type': 'text/plain' };
  const post = (path: string, more: object) => ask(gateway, path, { method: 'POST', headers, ...more });

  const full = await post('/things', { body: 'x'.repeat(10_485_760) });
  const over = await post('/things', { headers: { ...headers, 'content-length': '10485761', expect: '100-continue' } });
  const chunked = await askRaw(
    gateway,
    `POST /things HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\na00001\r\n${'x'.repeat(10_485_761)}\r\n0\r\n\r\n`,
  );

  expect(full.text).toBe('10485760');
  expect(over).toMatchObject({ status: 413, text: '{"message":"Request Entity Too Large"}' });
  expect(chunked).toMatch(/^HTTP\/1\.1 413 .*\{"message":"Request Entity Too Large"\}$/s);
});

test('headers over 10,240 bytes are a 431, and what is not HTTP is a 400', async () => {
  await using gateway = await gatewayOf(ok);

  const large = await askRaw(gateway, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(11_000)}\r\n\r\n`);
  const garbage = await askRaw(gateway, 'GARBAGE\r\n\r\n');

  expect(large).toMatch(/^HTTP\/1\.1 431 .*\{"message":"Request Header Fields Too Large"\}$/s);
  expect(garbage).toMatch(/^HTTP\/1\.1 400 .*\{"message":"Bad Request"\}$/s);
});

test.each([
  ['two lengths', 'Content-Length: 4\r\nContent-Length: 5\r\n\r\n{}\r\n'],
  ['a length and chunks', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['chunks that are not the last coding', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
  ['a length that is no number', 'Content-Length: +4\r\n\r\n{}\r\n'],
])('a body with %s is a 400, and nothing behind it is a request', async (_what, rest) => {
  let calls = 0;
  await using gateway = await gatewayOf({
    'things.create': () => {
      calls += 1;
      return { statusCode: 200, body: '' };
    },
  });

  const smuggled = 'POST /things HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const answer = await askRaw(gateway, `POST /things HTTP/1.1\r\nHost: localhost\r\n${rest}${smuggled}`);

  expect(answer).toMatch(/^HTTP\/1\.1 400 .*\{"message":"Bad Request"\}$/s);
  expect(calls).toBe(0);
});

test.each(['localhost', 'LOCALHOST:80', '127.0.0.1:1', '[::1]:3000', 'pilot.example.com', 'Pilot.Example.Com:443'])(
  'the host %s is ours',
  async (host) => {
    await using gateway = await gatewayOf(ok);

    expect((await ask(gateway, '/things/newest', { headers: { host } })).status).toBe(200);
  },
);

test.each(['evil.example.com', '127.0.0.1.evil.example.com', 'localhost.evil.example.com:3000', '192.0.2.1', ' '])(
  'the host "%s" is refused before anything else',
  async (host) => {
    await using gateway = await gatewayOf(ok, {
      aws: { owns: () => true, handle: () => Promise.reject(new Error('reached')) },
    });

    const answer = await ask(gateway, '/things/newest', { headers: { host, 'x-amz-target': 'TrentService.Sign' } });

    expect(answer.status).toBe(403);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(answer.text)).toMatchObject({
      type: '/docs/problems.md#host.refused',
      status: 403,
      code: 'host.refused',
      detail: expect.stringContaining('RUNNER_PILOT_PUBLIC_URL'),
    });
    expect(gateway.errors).toEqual([]);
  },
);

test('a request without a host is refused', async () => {
  await using gateway = await gatewayOf(ok);

  expect(await askRaw(gateway, 'GET /things/newest HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /);
});

test('the address at which a connection has arrived is ours on every interface', async () => {
  await using gateway = await gatewayOf(ok, { host: '0.0.0.0' });

  // All of 127/8 is this machine.
  const answer = await askRaw(
    { ...gateway, port: gateway.port },
    'GET /things/newest HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
  );

  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
});

test('requests for AWS services go to them as they came', async () => {
  const seen: unknown[] = [];
  await using gateway = await gatewayOf(ok, {
    aws: {
      owns: (headers) => headers['x-amz-target'] !== undefined,
      handle: async ({ method, path, headers, body }) => {
        seen.push({ method, path, target: headers['x-amz-target'], body: body.toString() });
        return { status: 400, headers: { 'x-amzn-requestid': 'r' }, body: '{"__type":"NotFoundException"}' };
      },
    },
  });

  const answer = await ask(gateway, '/?a=b', { method: 'POST', headers: { 'X-Amz-Target': 'A.B' }, body: '{}' });

  expect(seen).toEqual([{ method: 'POST', path: '/?a=b', target: 'A.B', body: '{}' }]);
  expect(answer).toMatchObject({ status: 400, text: '{"__type":"NotFoundException"}' });
});

test('the hook has finished before an answer is sent, and its failure is a 500', async () => {
  const order: string[] = [];
  let fail = false;
  await using gateway = await gatewayOf(
    { 'things.newest': () => ({ statusCode: 200, body: 'secret' }) },
    {
      onReply: async (operationId, _event, result) => {
        await new Promise((resolve) => setImmediate(resolve));
        order.push(`${operationId} ${JSON.stringify(result)}`);
        if (fail) throw new Error('disk full');
      },
    },
  );

  await ask(gateway, '/things/newest').then(() => order.push('answered'));
  fail = true;
  const failed = await ask(gateway, '/things/newest');

  expect(order.slice(0, 2)).toEqual(['things.newest {"statusCode":200,"body":"secret"}', 'answered']);
  expect(failed).toMatchObject({ status: 500, text: '{"message":"Internal Server Error"}' });
});

test('closing lets what is under way finish, and nothing new begin', async () => {
  let finish: (result: unknown) => void = () => {};
  const started = new Promise<void>((begun) => {
    handlers['things.newest'] = () => {
      begun();
      return new Promise((resolve) => {
        finish = resolve;
      });
    };
  });
  const gateway = await gatewayOf(handlers);
  const underWay = ask(gateway, '/things/newest');
  await started;

  const closed = gateway.close(5_000);
  await expect(ask(gateway, '/things/newest')).rejects.toThrow('ECONNREFUSED');
  finish('done');

  expect((await underWay).text).toBe('done');
  await closed;
});

const handlers: Record<string, () => unknown> = {};

test('closing waits for a function whose caller has gone', async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: result, resolve: finish } = Promise.withResolvers<string>();
  const gateway = await gatewayOf({
    'things.newest': () => {
      begin();
      return result;
    },
  });
  const abort = new AbortController();
  const caller = fetch(`${gateway.url}/things/newest`, { signal: abort.signal });
  await begun;
  abort.abort();
  await expect(caller).rejects.toThrow('aborted');
  let closed = false;

  const closing = gateway.close(5_000).then(() => {
    closed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(closed).toBe(false);
  finish('done');

  await closing;
});

test('closing cuts off what takes longer than the grace', async () => {
  const gateway = await gatewayOf({ 'things.newest': () => new Promise(() => {}) });
  const underWay = ask(gateway, '/things/newest');
  underWay.catch(() => {});
  await ask(gateway, '/nowhere');

  await gateway.close(50);

  await expect(underWay).rejects.toThrow('socket hang up');
});

test('a port that is taken is an error, not a hang', async () => {
  await using gateway = await gatewayOf({});

  await expect(gatewayOf({}, { port: gateway.port })).rejects.toThrow('EADDRINUSE');
});
