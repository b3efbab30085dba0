import { expect, test } from 'vitest';
import { ask, gatewayOf } from './gateway.fixture.ts';

async function answerTo(result: unknown) {
  await using gateway = await gatewayOf({ 'things.newest': () => result });
  return { ...(await ask(gateway, '/things/newest')), errors: gateway.errors };
}

test('an object with a status code is the whole answer', async () => {
  const answer = await answerTo({
    statusCode: 201,
    headers: { 'Content-Type': 'application/json', 'X-Count': 3, 'access-control-allow-origin': '*' },
    cookies: ['a=1; HttpOnly', 'b=2'],
    body: '{"name":"Jürgen"}',
  });

  expect(answer).toMatchObject({ status: 201, text: '{"name":"Jürgen"}' });
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json',
    'content-length': '18',
    'x-count': '3',
    'set-cookie': ['a=1; HttpOnly', 'b=2'],
    'apigw-requestid': expect.any(String),
  });
  expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
});

test.each([
  [{ message: 'hi' }, '{"message":"hi"}'],
  ['hi', 'hi'],
  [[1, 2], '[1,2]'],
  [undefined, 'null'],
])('%j without a status code is the body of a 200 in JSON', async (result, text) => {
  const answer = await answerTo(result);

  expect(answer).toMatchObject({ status: 200, text });
  expect(answer.headers['content-type']).toBe('application/json');
});

test('a body in base64 is decoded', async () => {
  const answer = await answerTo({
    statusCode: 200,
    body: Buffer.from('bytes').toString('base64'),
    isBase64Encoded: true,
  });

  expect(answer.text).toBe('bytes');
});

test('an answer without a type is plain text', async () => {
  expect((await answerTo({ statusCode: 404, body: 'no' })).headers['content-type']).toBe('text/plain; charset=utf-8');
});

test('204 has neither body nor length', async () => {
  const answer = await answerTo({ statusCode: 204 });

  expect(answer).toMatchObject({ status: 204, text: '' });
  expect(answer.headers).not.toHaveProperty('content-length');
});

test.each([
  [{ statusCode: 'many' }],
  [{ statusCode: 200, body: { not: 'text' } }],
  [{ statusCode: 200, headers: { 'x-list': ['a'] } }],
  [{ statusCode: 200, headers: { 'x-split': 'a\r\nset-cookie: b' } }],
])('%j is of no use to API Gateway: 500', async (result) => {
  const answer = await answerTo(result);

  expect(answer).toMatchObject({ status: 500, text: '{"message":"Internal Server Error"}' });
  expect(answer.errors).toHaveLength(1);
});
