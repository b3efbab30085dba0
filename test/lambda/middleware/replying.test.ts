import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { client } from '#contract/client.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { nodeDraft, owner, quiet, unique } from '../../functions/actors.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud({ ...quiet, env: { ...quiet.env, RUNNER_PILOT_LOG_LEVEL: 'INFO' } });
});
afterAll(() => cloud?.close());

const password = 'not the password';

/** The lines that something writes into the log. */
async function logged(action: () => Promise<unknown>): Promise<readonly Record<string, unknown>[]> {
  const write = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  try {
    await action();
    return write.mock.calls.flatMap(([line]) => (String(line).startsWith('{') ? [JSON.parse(String(line))] : []));
  } finally {
    write.mockRestore();
  }
}

const line = (of: object) => ({
  time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  level: 'INFO',
  message: 'request',
  request_id: expect.any(String),
  duration_ms: expect.any(Number),
  ...of,
});

describe('the log has a line of each request, with when, who, where and how it ended', () => {
  test('of a login, right or wrong, without what was tried', async () => {
    const john = await owner(cloud);
    const anyone = client({ url: cloud.url });

    const right = await logged(() => anyone.auth.login({ body: { email: john.email, password: john.password } }));
    const wrong = await logged(() => anyone.auth.login({ body: { email: john.email, password } }));

    expect(right).toEqual([line({ operation: 'auth.login', status: 200 })]);
    expect(wrong).toEqual([line({ operation: 'auth.login', status: 401, code: 'login.refused' })]);
    expect(JSON.stringify([right, wrong])).not.toMatch(new RegExp(`${john.password}|${password}|${john.email}`));
  });

  test('of what somebody may not do, with who they are', async () => {
    const [john, jane] = [await owner(cloud), await owner(cloud)];
    const params = { org_id: john.org_id };

    const lines = await logged(() => jane.api.nodes.create({ params, body: nodeDraft }));

    const what = { operation: 'nodes.create', status: 404, code: 'organization.not-found' };
    expect(lines).toEqual([line({ ...what, user: jane.uid, organization: john.org_id })]);
  });

  test.each([
    ['a token that is none', 401, 'token.invalid', { authorization: 'Bearer x.y.z' }, '/org'],
    ['no token', 401, 'token.missing', {}, '/org'],
    ['a parameter that nobody knows', 400, 'request.invalid', {}, '/health?isAdmin=true'],
  ])('of %s, by the id of the caller and that of the API', async (_what, status, code, headers, path) => {
    const id = unique('r');

    const lines = await logged(() => fetch(cloud.url + path, { headers: { ...headers, 'x-request-id': id } }));

    const ids = { request_id: id, api_request_id: expect.not.stringContaining(id) };
    expect(lines).toEqual([line({ ...ids, operation: expect.any(String), status, code })]);
  });

  test('of somebody who guesses too fast', async () => {
    const { email } = await owner(cloud);
    const guess = () => client({ url: cloud.url }).auth.login({ body: { email, password } });
    await guess();

    expect(await logged(guess)).toEqual([line({ operation: 'auth.login', status: 429, code: 'rate.limited' })]);
  });
});
