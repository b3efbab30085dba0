import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemsOf } from '#contract/operation-problems.ts';
import { operations } from '#contract/operations.ts';
import { type ProblemCode, problems } from '#domain/problem.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { numbersFrom } from '#test/faults/random.ts';
import { good, nodeDraft, owner, quiet, runnerDraft } from './actors.ts';
import { fuzzer } from './fuzz/requests.ts';
import { enrollNode } from './instances/fake-node.ts';

// `npm run fuzz` sends 100,000; RUNNER_PILOT_FUZZ_SEED repeats a run.
const cases = Number(process.env.RUNNER_PILOT_FUZZ_CASES ?? 2000);
const seed = Number(process.env.RUNNER_PILOT_FUZZ_SEED ?? randomInt(2 ** 32));
const atOnce = 8;

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud({
    ...quiet,
    env: { ...quiet.env, RUNNER_PILOT_GITHUB_API_URL: 'http://127.0.0.1:9', RUNNER_PILOT_LOG_LEVEL: 'ERROR' },
  });
});
afterAll(() => cloud?.close());

/** Somebody with everything that an operation may be about, and a node that is enrolled. */
async function surroundings() {
  const john = await owner(cloud);
  const params = { org_id: john.org_id };
  const made = good(await john.api.nodes.create({ params, body: nodeDraft }));
  const node = await enrollNode(cloud.url, made.enrollment?.command ?? '', Date.now);
  const runner = good(await john.api.runners.create({ params, body: runnerDraft }));
  const instance = good(
    await john.api.instances.create({
      params: { ...params, runner_id: runner.uid },
      body: { node_id: node.uid },
      headers: { prefer: 'respond-async' },
    }),
  );
  const ids = { ...params, node_id: node.uid, runner_id: runner.uid, instance_id: instance.uid, host: 'ghcr.io' };
  return { tokens: { user: john.token, node: node.token }, ids };
}

test(`${cases} requests that follow from the contract are answered as it says (seed ${seed})`, {
  timeout: 60_000 + cases * 100,
}, async () => {
  const random = numbersFrom(seed);
  const wrong: unknown[] = [];
  const statuses = new Map<number, number>();
  let left = cases;

  while (left > 0 && wrong.length < 10) {
    // What is there is changed and deleted on the way: then there is something new.
    const next = fuzzer(operations, await surroundings(), random);
    const batch = Math.min(left, 500);
    left -= batch;
    const requests = Array.from({ length: batch }, next);
    const worker = async () => {
      for (let request = requests.shift(); request; request = requests.shift()) {
        const { operation, method, path, headers, body } = request;
        const response = await fetch(cloud.url + path, {
          method,
          headers,
          redirect: 'manual',
          ...(body !== undefined && method !== 'GET' && { body }),
        });
        const { status } = response;
        const text = await response.text();
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        const isProblem = response.headers.get('content-type') === 'application/problem+json';
        const code = isProblem ? (JSON.parse(text) as { code: string }).code : undefined;
        const may: ProblemCode[] = [...problemsOf(operation), 'route.not-found', 'method.not-allowed'];
        const known = may.find((one) => one === code);
        const right = code === undefined ? status === 200 : known && problems[known].status === status;
        if (status >= 500 || !right) wrong.push({ id: operation.id, path, headers, body, status, text });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  }

  expect(wrong).toEqual([]);
  // It has come through, and has been refused in more than one way.
  for (const status of [200, 400, 401, 404]) expect(statuses.get(status)).toBeGreaterThan(cases / 100);
});
