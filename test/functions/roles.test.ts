import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operations } from '#contract/operations.ts';
import { permissions, type Role, reaches, roles } from '#domain/permissions.ts';
import type { OrgScope } from '#domain/scope.ts';
import { openTable, type Table } from '#store/open.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { good, nodeDraft, owner, type Person, person, quiet, refused, runnerDraft } from './actors.ts';

let cloud: Cloud;
let table: Table;
let john: Awaited<ReturnType<typeof owner>>;
let people: Record<Role, Person>;
beforeAll(async () => {
  cloud = await startCloud(quiet);
  john = await owner(cloud);
  const client = new DynamoDBClient({ endpoint: cloud.dynamoDbEndpoint });
  table = openTable({ client, tableName: cloud.tableName, now: Date.now, newId: v7 });
  const made = await Promise.all(roles.map(async (role) => [role, await member(role)] as const));
  people = Object.fromEntries(made) as Record<Role, Person>;
});
afterAll(() => cloud.close());

/** Somebody of a role in John's organization; no operation of the API makes one yet. */
async function member(role: Role): Promise<Person> {
  const somebody = await person(cloud);
  const org = { org: john.org_id, member: Promise.resolve({ org: john.org_id, uid: john.uid, role: 'owner' }) };
  const by = { uid: john.uid, request_id: 'test' };
  await table.members.put(org as unknown as OrgScope, somebody.uid, role, { by });
  return somebody;
}

const unknown = '019a3c1e-8c4f-7d3a-9a54-0d8f5f1c2b3a';
const inside = operations.flatMap((operation) =>
  Object.entries(permissions).flatMap(([id, needed]) =>
    id === operation.id ? [[id, needed, operation] as const] : [],
  ),
);

describe('the roles of an organization', () => {
  test.each(inside)('%s needs %s, and lets in nobody who is less', async (_id, needed, operation) => {
    for (const role of roles) {
      const path = operation.path.replace('{org_id}', john.org_id).replaceAll(/\{\w+\}/g, unknown);
      // Nobody's row is named, and the body is empty: whoever is let in gets another refusal, and changes nothing.
      const response = await fetch(cloud.url + path, {
        method: operation.method,
        headers: { authorization: `Bearer ${people[role].token}`, 'content-type': 'application/json' },
        ...(operation.method !== 'GET' && { body: operation.method === 'PUT' ? '{"name":""}' : '{}' }),
      });
      const answer = (await response.json()) as { code?: string };

      expect([role, answer.code === 'role.insufficient']).toEqual([role, !reaches(role, needed)]);
    }
  });

  test('those below admin see tokens masked', async () => {
    const params = { org_id: john.org_id };
    const { uid } = good(await john.api.runners.create({ params, body: runnerDraft }));

    for (const role of roles) {
      const whole = reaches(role, 'admin');
      const one = good(await people[role].api.runners.get({ params: { ...params, runner_id: uid } }));
      const all = good(await people[role].api.runners.list({ params }));
      expect([role, one.github_runner_token]).toEqual([role, whole ? runnerDraft.github_runner_token : 'ghr_…cdef']);
      expect(all.find((each) => each.uid === uid)).toEqual(one);
    }
  });

  test('somebody who was removed is out at the next request, and so is an ended session', async () => {
    const jane = await member('viewer');
    const params = { org_id: john.org_id };
    good(await jane.api.nodes.list({ params }));
    const org = { org: john.org_id, member: Promise.resolve({}) } as unknown as OrgScope;

    await table.members.remove(org, jane.uid, { by: { uid: john.uid, request_id: 'test' } });
    const afterRemoval = await jane.api.nodes.list({ params });
    await table.users.endSessions(jane.uid);
    const afterEnd = await jane.api.common.me();

    expect(refused(afterRemoval).code).toBe('organization.not-found');
    expect(refused(afterEnd).code).toBe('token.invalid');
  });

  test('what a role refuses has no effect', async () => {
    const params = { org_id: john.org_id };
    const before = good(await john.api.nodes.list({ params })).length;

    const outcomes = await Promise.all(
      [people.viewer, people.member].map(({ api }) => api.nodes.create({ params, body: nodeDraft })),
    );

    expect(outcomes.map((outcome) => refused(outcome).code)).toEqual(['role.insufficient', 'role.insufficient']);
    expect(good(await john.api.nodes.list({ params }))).toHaveLength(before);
  });
});
