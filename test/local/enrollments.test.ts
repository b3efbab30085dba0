import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEnrollments } from '#local/enrollments.ts';
import { temporaryFolder, until } from './folder.fixture.ts';

const command =
  "curl -fsSL http://localhost:3000/agent/install.sh | sudo sh -s -- --url http://localhost:3000 --code 'rpe_abc-1'";
const created = (type: string, uid = 'n1', line = command) => ({
  statusCode: 200,
  body: JSON.stringify({ uid, name: 'Node-01', type, enrollment: { command: line } }),
});
const renewed = (type: string) => ({
  statusCode: 200,
  body: JSON.stringify({
    node: { uid: 'n1', name: 'Node-01', type },
    enrollment: { command: command.replace('abc-1', 'abc-2') },
  }),
});

function open(folder: string, enroll: (code: string) => Promise<'done' | 'later'>) {
  const errors: string[] = [];
  const enrollments = openEnrollments({ folder, enroll, onError: (what) => errors.push(what), retryMs: 5 });
  return { ...enrollments, errors, [Symbol.asyncDispose]: () => enrollments.close() };
}

const never = () => Promise.resolve('later' as const);

test('the code of a node that is this machine is on the disk before the answer goes out', async () => {
  using folder = temporaryFolder();
  await using enrollments = open(folder.path, never);

  await enrollments.keep('nodes.create', created('Socket'));

  expect(readdirSync(folder.path)).toEqual(['n1.json']);
  expect(JSON.parse(readFileSync(join(folder.path, 'n1.json'), 'utf8'))).toEqual({ uid: 'n1', code: 'rpe_abc-1' });
  expect(statSync(join(folder.path, 'n1.json')).mode & 0o777).toBe(0o600);
});

test('it is handed to the agent until the agent has used it', async () => {
  using folder = temporaryFolder();
  const codes: string[] = [];
  await using enrollments = open(folder.path, async (code) => (codes.push(code) < 3 ? 'later' : 'done'));

  await enrollments.keep('nodes.create', created('Socket'));
  await until('its use', () => readdirSync(folder.path).length === 0);

  expect(codes).toEqual(['rpe_abc-1', 'rpe_abc-1', 'rpe_abc-1']);
});

test('what an earlier process has left is handed over at the start', async () => {
  using folder = temporaryFolder();
  const before = open(folder.path, never);
  await before.keep('nodes.create', created('Socket'));
  await before.close();
  const codes: string[] = [];
  await using after = open(folder.path, async (code) => {
    codes.push(code);
    return 'done';
  });

  after.retry();
  await until('its use', () => readdirSync(folder.path).length === 0);

  expect(codes).toEqual(['rpe_abc-1']);
});

test('a new code takes the place of the one before, even while that is being used', async () => {
  using folder = temporaryFolder();
  const codes: string[] = [];
  const { promise: used, resolve: use } = Promise.withResolvers<'done'>();
  await using enrollments = open(folder.path, async (code) => {
    codes.push(code);
    return codes.length === 1 ? used : 'done';
  });

  await enrollments.keep('nodes.create', created('Socket'));
  await enrollments.keep('nodes.enrollment', renewed('Socket'));
  use('done');
  await until('its use', () => readdirSync(folder.path).length === 0);

  expect(codes).toEqual(['rpe_abc-1', 'rpe_abc-2']);
});

test.each([
  ['a remote node', 'nodes.create', created('Remote')],
  ['a new line for a remote node', 'nodes.enrollment', renewed('Remote')],
  ['another operation', 'nodes.get', created('Socket')],
  ['a refusal', 'nodes.create', { statusCode: 409, body: '{"code":"organization.limit"}' }],
  ['an answer without a code', 'nodes.create', { statusCode: 200, body: '{"uid":"n1","type":"Socket"}' }],
  ['an answer that is no JSON', 'nodes.create', { statusCode: 200, body: '<' }],
])('of %s nothing is kept', async (_, operationId, result) => {
  using folder = temporaryFolder();
  await using enrollments = open(folder.path, never);

  await enrollments.keep(operationId, result);

  expect(readdirSync(folder.path)).toEqual([]);
});

test('a line without a code is an error, not a node that waits for ever', async () => {
  using folder = temporaryFolder();
  await using enrollments = open(folder.path, never);

  await expect(enrollments.keep('nodes.create', created('Socket', 'n1', 'curl x | sh'))).rejects.toThrow('No code');
});
