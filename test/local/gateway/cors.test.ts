import { expect, test } from 'vitest';
import { ask, gatewayOf } from './gateway.fixture.ts';

const preflight = (origin: string) => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
});
const echo = { 'things.newest': () => ({ statusCode: 200, body: 'ok' }) };

test.each(['http://localhost:5173', 'http://localhost', 'https://console.example.com'])(
  'a preflight from %s is answered by the gateway itself',
  async (origin) => {
    await using gateway = await gatewayOf({});

    const answer = await ask(gateway, '/things', preflight(origin));

    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers': 'authorization,content-type',
      'access-control-max-age': '600',
      vary: 'Origin',
    });
  },
);

test.each([
  'https://evil.example.com',
  'http://localhost.evil.example.com',
  'http://localhost:80.evil.example.com',
  'https://localhost:5173',
  'null',
])('a preflight from %s gets no permission', async (origin) => {
  await using gateway = await gatewayOf({});

  const answer = await ask(gateway, '/things', preflight(origin));

  expect(answer.status).toBe(204);
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
});

test('an answer to an allowed origin says so, and what may be read of it', async () => {
  await using gateway = await gatewayOf(echo);

  const answer = await ask(gateway, '/things/newest', { headers: { origin: 'http://localhost:5173' } });

  expect(answer.headers).toMatchObject({
    'access-control-allow-origin': 'http://localhost:5173',
    'access-control-expose-headers': 'etag,link',
    vary: 'Origin',
  });
});

test('an answer to any other origin says nothing', async () => {
  await using gateway = await gatewayOf(echo);

  const answer = await ask(gateway, '/things/newest', { headers: { origin: 'https://evil.example.com' } });

  expect(answer.status).toBe(200);
  expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
});

test('OPTIONS that is no preflight is a request like any other', async () => {
  await using gateway = await gatewayOf(
    { 'system.fallback': () => ({ statusCode: 405 }) },
    { fallback: 'system.fallback' },
  );

  expect((await ask(gateway, '/things', { method: 'OPTIONS' })).status).toBe(405);
});
