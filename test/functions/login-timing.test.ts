import { v7 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { client } from '#contract/client.ts';
import { hashPassword } from '#runtime/password.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { clientOf } from '#test/store/engines.ts';
import { worldOn } from '#test/store/world.ts';
import { quiet, refused } from './actors.ts';

const pairs = process.env.RUNNER_PILOT_TEST_ALL ? 1000 : 60;
/** Of a normal distribution: beyond it, to either side, is one in ten thousand, which is how often this fails for nothing. */
const limit = 3.89;

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud(quiet);
});
afterAll(() => cloud?.close());

test(`an e-mail that is known is not told from one that is not, by the time of ${2 * pairs} logins`, {
  timeout: 60_000 + pairs * 1000,
}, async ({ task }) => {
  const engine = clientOf({ endpoint: cloud.dynamoDbEndpoint });
  const { users } = worldOn(engine, cloud.tableName).table;
  const password_hash = await hashPassword('strongpassword');
  const api = client({ url: cloud.url });
  const attempt = async (email: string) => {
    const from = performance.now();
    const problem = refused(await api.auth.login({ body: { email, password: 'wrongpassword' } }));
    return { ms: performance.now() - from, problem: { ...problem, request_id: '' } };
  };
  await attempt(`${v7()}@example.com`);

  let slower = 0;
  for (let pair = 0; pair < pairs; pair++) {
    // Each once, for a guess delays the next one of the same person; and each of the two first as often as the other.
    const [known, unknown] = [`${v7()}@example.com`, `${v7()}@example.com`];
    await users.register({ full_name: 'John Doe', email: known, canonical: known, password_hash });
    const order = pair % 2 === 0 ? [known, unknown] : [unknown, known];
    const [first, second] = [await attempt(order[0] ?? ''), await attempt(order[1] ?? '')];
    expect(first.problem).toEqual(second.problem);
    const [ofKnown, ofUnknown] = pair % 2 === 0 ? [first, second] : [second, first];
    if (ofKnown.ms > ofUnknown.ms) slower++;
  }
  engine.destroy();

  // The sign test: were the two alike, either would be the slower one in half of the pairs.
  const deviations = Math.abs(slower - pairs / 2) / Math.sqrt(pairs / 4);
  task.meta.figures = `known e-mail slower in ${slower} of ${pairs} pairs, ${deviations.toFixed(2)} standard deviations`;
  expect(deviations).toBeLessThan(limit);
});
