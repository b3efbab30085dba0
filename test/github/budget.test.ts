import { expect, test } from 'vitest';
import { watchBudget } from '#github/budget.ts';
import type { BoundedFetch } from '#github/http.ts';

const answering =
  (headers: Record<string, string>): BoundedFetch =>
  () =>
  async (url) => ({
    status: 200,
    statusText: 'OK',
    url,
    headers: new Map(Object.entries(headers)),
    text: async () => '',
    arrayBuffer: async () => new ArrayBuffer(0),
  });

async function told(headers: Record<string, string>, authorization?: string): Promise<number[]> {
  const seen: number[] = [];
  const send = watchBudget(answering(headers), (percent) => seen.push(percent))(1000);
  await send('https://api.github.com/', { headers: authorization === undefined ? {} : { authorization } });
  return seen;
}

test('what is left of a credential’s requests is told in percent', async () => {
  const headers = { 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '450' };

  expect(await told(headers, 'Bearer x')).toEqual([9]);
});

test.each([
  [
    'without a credential, whose budget is another',
    { 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '1' },
    undefined,
  ],
  ['by a server that has no limits', {}, 'Bearer x'],
  ['where the limit makes no sense', { 'x-ratelimit-limit': '0', 'x-ratelimit-remaining': '0' }, 'Bearer x'],
])('nothing is told %s', async (_, headers, authorization) => {
  expect(await told(headers, authorization)).toEqual([]);
});
