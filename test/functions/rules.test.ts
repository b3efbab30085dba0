import { generateKeyPairSync, sign as signWith } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Operation } from '#contract/operation.ts';
import { problemsOf } from '#contract/operation-problems.ts';
import { operations } from '#contract/operations.ts';
import { problems } from '#domain/problem.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { type Forge, forgeries } from '../runtime/forgeries.ts';
import { good, nodeDraft, owner, quiet, runnerDraft } from './actors.ts';

// What must hold for every operation, whatever it does.

let cloud: Cloud;
let john: Awaited<ReturnType<typeof owner>>;
let ids: Record<string, string>;
beforeAll(async () => {
  cloud = await startCloud(quiet);
  john = await owner(cloud);
  const params = { org_id: john.org_id };
  const node = good(await john.api.nodes.create({ params, body: nodeDraft }));
  const runner = good(await john.api.runners.create({ params, body: runnerDraft }));
  ids = { ...params, node_id: node.uid, runner_id: runner.uid, instance_id: runner.uid, host: 'ghcr.io' };
});
afterAll(() => cloud.close());

type Change = { headers?: Record<string, string | undefined>; body?: string; ids?: Record<string, string> };

/** Calls an operation as John, with its first example, and with what is changed. */
async function call(operation: Operation, change: Change = {}) {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent({ ...ids, ...change.ids }[name] ?? ''),
  );
  const [example] = Object.values(operation.examples);
  const body = change.body ?? (example?.body === undefined ? undefined : JSON.stringify(example.body));
  const headers = {
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(operation.audience === 'user' && { authorization: `Bearer ${john.token}` }),
    ...change.headers,
  };
  const response = await fetch(cloud.url + path, {
    method: operation.method,
    headers: Object.entries(headers).filter((pair): pair is [string, string] => pair[1] !== undefined),
    ...(body !== undefined && operation.method !== 'GET' && { body }),
  });
  const text = await response.text();
  const isProblem = response.headers.get('content-type') === 'application/problem+json';
  return {
    status: response.status,
    headers: response.headers,
    text,
    problem: isProblem ? JSON.parse(text) : undefined,
  };
}

const named = (some: readonly Operation[]) => some.map((operation) => [operation.id, operation] as const);
const withToken = operations.filter(({ audience }) => audience !== 'public');
const ofUsers = operations.filter(({ audience }) => audience === 'user');
const withBody = operations.filter(({ method, audience }) => method !== 'GET' && audience !== 'node');
const inOrganizations = operations.filter(({ path }) => path.startsWith('/org/{org_id}'));

function strangerForge(): Forge {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [head = '', body = ''] = john.token.split('.');
  const sign = (text: string) =>
    signWith('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  return {
    token: john.token,
    header: read(head),
    claims: read(body),
    encode: (value) => Buffer.from(JSON.stringify(value)).toString('base64url'),
    sign,
    signAsStranger: sign,
    hmacWithPublicKey: sign,
    strangerJwk: publicKey.export({ format: 'jwk' }),
  };
}

describe('every operation that needs a token', () => {
  test.each(named(withToken))('%s without one is 401 and says how to get one', async (_id, operation) => {
    const { status, problem, headers } = await call(operation, { headers: { authorization: undefined } });

    expect(status).toBe(401);
    expect(problem.code).toBe('token.missing');
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });

  test.each(named(withToken))('%s with a forged one is 401', async (_id, operation) => {
    const tokens = forgeries(strangerForge()).map(([how, token]) => [how, token.trim()] as const);

    const accepted = [];
    for (const [how, token] of tokens.filter(([, token]) => token !== '' && token !== john.token)) {
      const { status } = await call(operation, { headers: { authorization: `Bearer ${token}` } });
      if (status !== 401) accepted.push([how, status]);
    }

    expect(accepted).toEqual([]);
  });

  test.each(named(withToken))('%s with another kind of authorization is 401', async (_id, operation) => {
    for (const authorization of ['Basic am9objp4', john.token, `bearer: ${john.token}`, `Bearer ${john.token} x`]) {
      expect((await call(operation, { headers: { authorization } })).status).toBe(401);
    }
  });

  test.each(named(ofUsers))('%s is not for nodes', async (_id, operation) => {
    const authorization = `Bearer ${ids.node_id}.${'a'.repeat(43)}`;

    expect((await call(operation, { headers: { authorization } })).status).toBe(401);
  });
});

describe('every operation that takes a body', () => {
  test.each(named(withBody))('%s refuses members that it does not know, by name', async (_id, operation) => {
    const body = JSON.stringify({ isAdmin: true, ...(Object.values(operation.examples)[0]?.body as object) });

    const { status, problem } = await call(operation, { body });

    expect(status).toBe(400);
    expect(problem.errors.map(({ path }: { path: string }) => path)).toContain('body.isAdmin');
  });

  test.each(named(withBody))('%s refuses one that is too large', async (_id, operation) => {
    const limit = operation.bodyLimitBytes ?? 65_536;

    const { status, problem } = await call(operation, { body: `{"name":"${'x'.repeat(limit)}"}` });

    expect(status).toBe(413);
    expect(problem.code).toBe('body.too-large');
  });

  test.each(named(withBody))('%s refuses one that is not called JSON', async (_id, operation) => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1']) {
      const { status } = await call(operation, { body: '{"a":1}', headers: { 'content-type': type } });
      expect(status).toBe(415);
    }
  });

  test.each(named(withBody))('%s refuses broken JSON and says where it breaks', async (_id, operation) => {
    const { status, problem } = await call(operation, { body: '{"a":\n1,}' });

    expect(status).toBe(400);
    expect(problem).toMatchObject({ code: 'request.malformed', detail: expect.stringContaining('line 2, column 2') });
  });

  test.each(named(withBody))('%s survives bodies of every other kind', async (_id, operation) => {
    for (const body of ['null', '[]', '"x"', '1', '{"__proto__":{}}', '{"constructor":1}', '{"a":{"b":[{"c":1}]}}']) {
      const { status } = await call(operation, { body });
      expect([400, 409, 429]).toContain(status);
    }
  });
});

describe('every operation', () => {
  test.each(named(operations))('%s refuses query parameters that it does not know', async (_id, operation) => {
    const asked: Operation = { ...operation, path: `${operation.path}?isAdmin=true` };
    const { status, problem } = await call(asked);

    if (operation.audience === 'node') expect(status).toBe(401);
    else expect([status, problem.errors[0].path]).toEqual([400, 'query.isAdmin']);
  });

  test.each(named(operations))('%s answers with the headers that every answer has', async (_id, operation) => {
    const id = 'a-request.of_mine-1';

    const { status, headers, text, problem } = await call(operation, {
      headers: { 'x-request-id': id, authorization: undefined },
      body: '{}',
    });

    expect(headers.get('x-request-id')).toBe(id);
    if (problem) expect(problem.request_id).toBe(id);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    for (const directive of ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]) {
      expect(headers.get('content-security-policy')?.split('; ')).toContain(directive);
    }
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000; includeSubDomains');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('set-cookie')).toBe(null);
    const own = operation.mediaType ? `${operation.mediaType}; charset=utf-8` : 'application/json';
    expect(headers.get('content-type')).toBe(status === 200 ? own : 'application/problem+json');
    if (!operation.mediaType) expect(text).not.toMatch(/at .*\.ts:\d+|node_modules|Exception/);
  });

  test.each(named(operations))('%s answers nothing that the contract does not tell', async (_id, operation) => {
    const { status, problem, text } = await call(operation);

    if (status === 200) {
      const reply = operation.mediaType ? text : JSON.parse(text);
      expect(z.safeParse(operation.reply, reply).success).toBe(true);
    } else {
      expect(problemsOf(operation)).toContain(problem.code);
      expect(problems[problem.code as keyof typeof problems]).toMatchObject({ status, title: problem.title });
      expect(problem.type).toBe(`/docs/problems.md#${problem.code}`);
    }
  });
});

describe('every operation inside an organization', () => {
  test.each(named(inOrganizations))("%s tells nothing of somebody else's", async (_id, operation) => {
    const jane = await owner(cloud);
    const blank = (text: string) => text.replace(/"request_id":"[^"]*"/, '');

    const theirs = await call(operation, { ids: { org_id: jane.org_id } });
    const nobodys = await call(operation, { ids: { org_id: 'nobodys' } });
    const invalid = await call(operation, { ids: { org_id: jane.org_id }, ...(operation.body && { body: '{"x":1}' }) });

    expect(theirs.status).toBe(404);
    expect(theirs.problem.code).toBe('organization.not-found');
    expect(blank(theirs.text)).toBe(blank(nobodys.text));
    expect(blank(invalid.text)).toBe(blank(theirs.text));
  });

  test.each(named(inOrganizations.filter(({ path }) => path.includes('_id}', 14))))(
    '%s does not find what is in another',
    async (_id, operation) => {
      const jane = await owner(cloud);
      const authorization = `Bearer ${jane.token}`;
      const theirs = await call(operation, { headers: { authorization }, ids: { org_id: jane.org_id } });
      const other = '019a3c1e-8c4f-7d3a-9a54-0d8f5f1c2b3a';
      const unknown = { org_id: jane.org_id, node_id: other, runner_id: other, instance_id: other };
      const nobodys = await call(operation, { headers: { authorization }, ids: unknown });

      expect(theirs.status).toBe(404);
      const blank = (text: string) => text.replace(/"request_id":"[^"]*"/, '').replaceAll(/[0-9a-f-]{36}/g, '');
      expect(blank(theirs.text)).toBe(blank(nobodys.text));
    },
  );
});

describe('what is no operation', () => {
  test('is 404, or 405 with the methods that there are', async () => {
    const nothing = await fetch(`${cloud.url}/nothing`);
    const wrong = await fetch(`${cloud.url}/org/x/nodes/y`, { method: 'PATCH' });

    expect(nothing.status).toBe(404);
    expect(await nothing.json()).toMatchObject({ code: 'route.not-found' });
    expect(wrong.status).toBe(405);
    expect(await wrong.json()).toMatchObject({ code: 'method.not-allowed' });
    expect(wrong.headers.get('allow')).toBe('DELETE, GET, PUT');
  });

  test('is TRACE, which repeats nothing of what was sent', async () => {
    // fetch refuses to send it.
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = { authorization: `Bearer ${john.token}` };
    request(`${cloud.url}/org`, { method: 'TRACE', headers }, resolve).on('error', reject).end();

    const answer = await promise;

    expect(answer.statusCode).toBe(405);
    expect(await text(answer)).not.toContain(john.token);
  });
});
