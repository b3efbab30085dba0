import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { expect, test } from 'vitest';
import { ask, gatewayOf } from './gateway.fixture.ts';

type Ask = Parameters<typeof ask>[2];

async function eventFor(path: string, options: Ask = {}, proxies = 0): Promise<APIGatewayProxyEventV2> {
  const echo = (event: APIGatewayProxyEventV2) => JSON.stringify(event);
  await using gateway = await gatewayOf(
    { 'things.create': echo, 'things.get': echo, 'things.newest': echo, 'system.fallback': echo },
    { fallback: 'system.fallback', proxies },
  );
  return JSON.parse((await ask(gateway, path, options)).text);
}

test('an event has exactly the members that API Gateway gives it', async () => {
  const event = await eventFor('/things/a', { headers: { 'User-Agent': 'tester' } });

  expect(event).toEqual({
    version: '2.0',
    routeKey: 'GET /things/{thing_id}',
    rawPath: '/things/a',
    rawQueryString: '',
    headers: {
      host: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      'user-agent': 'tester',
      'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-port': expect.stringMatching(/^\d+$/),
      'x-forwarded-proto': 'http',
    },
    pathParameters: { thing_id: 'a' },
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName: '127.0.0.1',
      domainPrefix: '127',
      http: {
        method: 'GET',
        path: '/things/a',
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: 'tester',
      },
      requestId: expect.stringMatching(/^[\w-]{15}=$/),
      routeKey: 'GET /things/{thing_id}',
      stage: '$default',
      time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
      timeEpoch: expect.any(Number),
    },
    isBase64Encoded: false,
  });
});

test('repeated headers and query parameters are joined with commas', async () => {
  const event = await eventFor('/things/a?x=1&y=a%2Cb&x=2&flag&z=one+two', { headers: { 'X-Twice': ['a', 'b'] } });

  expect(event.headers['x-twice']).toBe('a,b');
  expect(event.rawQueryString).toBe('x=1&y=a%2Cb&x=2&flag&z=one+two');
  expect(event.queryStringParameters).toEqual({ x: '1,2', y: 'a,b', flag: '', z: 'one two' });
});

test('cookies are carried apart from the headers', async () => {
  const event = await eventFor('/things/a', { headers: { Cookie: 'a=1; b=2' } });

  expect(event.cookies).toEqual(['a=1', 'b=2']);
  expect(event.headers).not.toHaveProperty('cookie');
});

test('names that every object has are values like any other', async () => {
  const event = await eventFor('/things/a?__proto__=x&constructor=y', {
    headers: { constructor: 'one', toString: 'two' },
  });

  expect(Object.entries(event.queryStringParameters ?? {})).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
  expect(Object.entries(event.headers)).toContainEqual(['constructor', 'one']);
  expect(Object.entries(event.headers)).toContainEqual(['tostring', 'two']);
});

test.each([
  ['/things/a%20b', '/things/a b', 'a b'],
  ['/things/caf%C3%A9', '/things/café', 'café'],
  ['/things/a%3Fadmin=true', '/things/a', 'a'],
  ['/things/a+b', '/things/a+b', 'a+b'],
])('the path %s is decoded before it is routed', async (path, rawPath, thing) => {
  const event = await eventFor(path);

  expect(event.rawPath).toBe(rawPath);
  expect(event.pathParameters).toEqual({ thing_id: thing });
});

test('an encoded slash is a slash, so it takes another route', async () => {
  expect((await eventFor('/things/a%2Fb')).routeKey).toBe('$default');
});

test('unknown routes and methods reach the route $default, without path parameters', async () => {
  const event = await eventFor('/things/a', { method: 'DELETE' });

  expect(event).toMatchObject({ routeKey: '$default', requestContext: { routeKey: '$default' } });
  expect(event).not.toHaveProperty('pathParameters');
});

test.each([
  ['application/json', false],
  ['application/json; charset=utf-8', false],
  ['text/plain', false],
  ['application/xml', false],
  ['application/javascript', false],
  ['application/x-www-form-urlencoded', true],
  ['application/octet-stream', true],
  ['application/jsonp', true],
  [undefined, true],
])('a body of type %s is base64: %s', async (type, base64) => {
  const body = '{"name":"Jürgen"}';

  const event = await eventFor('/things', { method: 'POST', body, headers: type ? { 'content-type': type } : {} });

  expect(event.isBase64Encoded).toBe(base64);
  expect(event.body).toBe(base64 ? Buffer.from(body).toString('base64') : body);
});

test('what a proxy says of the client is kept before the address that it came from', async () => {
  const event = await eventFor('/things/a', {
    headers: { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' },
  });

  expect(event.headers).toMatchObject({ 'x-forwarded-for': '192.0.2.7, 127.0.0.1', 'x-forwarded-proto': 'http' });
  expect(event.requestContext.http.sourceIp).toBe('127.0.0.1');
});

test.each([
  ['203.0.113.9, 192.0.2.7', 1, '192.0.2.7'],
  ['203.0.113.9, 192.0.2.7, 10.0.0.1', 2, '192.0.2.7'],
  ['2001:db8::7', 1, '2001:db8::7'],
  ['192.0.2.7', 2, '127.0.0.1'],
  ['somebody', 1, '127.0.0.1'],
  [undefined, 1, '127.0.0.1'],
])('of %s behind %d proxies the caller is %s', async (forwarded, proxies, caller) => {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };

  const event = await eventFor('/things/a', { headers }, proxies);

  expect(event.requestContext.http.sourceIp).toBe(caller);
});
