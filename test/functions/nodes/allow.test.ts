import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrgScope } from '#domain/scope.ts';
import { openTable } from '#store/open.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { good, nodeDraft, owner, type Person, person, quiet, refused } from '../actors.ts';

let cloud: Cloud;
let john: Awaited<ReturnType<typeof owner>>;
/** An admin of John's organization. */
let jane: Person;

beforeAll(async () => {
  cloud = await startCloud(quiet);
  john = await owner(cloud);
  jane = await person(cloud);
  const client = new DynamoDBClient({ endpoint: cloud.dynamoDbEndpoint });
  const { members } = openTable({ client, tableName: cloud.tableName, now: Date.now, newId: v7 });
  const scope = { org: john.org_id, member: Promise.resolve({}) } as unknown as OrgScope;
  await members.put(scope, jane.uid, 'admin', { by: { uid: john.uid, request_id: 'test' } });
});
afterAll(() => cloud?.close());

const org = () => ({ org_id: john.org_id });
const makeNode = async (more: object = {}) =>
  good(await john.api.nodes.create({ params: org(), body: { ...nodeDraft, ...more } }));

describe('what a node lets jobs have of Docker', () => {
  it('is nothing, until an owner says so', async () => {
    const { uid, allow } = await makeNode();
    const params = { ...org(), node_id: uid };

    const changed = good(await john.api.nodes.change({ params, body: { allow: ['socket', 'dind'] } }));

    expect([allow, changed.allow]).toEqual([[], ['dind', 'socket']]);
    expect(good(await john.api.nodes.get({ params })).allow).toEqual(['dind', 'socket']);
  });

  it('is said by nobody but an owner, when a node is made and later on', async () => {
    const { uid } = await makeNode({ allow: ['dind'] });
    const params = { ...org(), node_id: uid };

    const made = await jane.api.nodes.create({ params: org(), body: { ...nodeDraft, allow: ['dind'] } });
    const widened = await jane.api.nodes.change({ params, body: { allow: ['dind', 'socket'] } });
    const withdrawn = await jane.api.nodes.change({ params, body: { allow: [] } });

    for (const outcome of [made, widened, withdrawn]) {
      expect(refused(outcome)).toMatchObject({
        code: 'role.insufficient',
        detail: expect.stringMatching(/`allow` needs the role "owner"; yours is "admin"/),
      });
    }
    expect(good(await john.api.nodes.get({ params })).allow).toEqual(['dind']);
  });

  it('may be sent back as it is by an admin’s edit form', async () => {
    const node = await makeNode({ allow: ['dind'] });
    const params = { ...org(), node_id: node.uid };
    const { enrollment: _, ...form } = good(await jane.api.nodes.get({ params }));

    const changed = good(await jane.api.nodes.change({ params, body: { ...form, name: 'Node-02' } }));

    expect(changed).toMatchObject({ name: 'Node-02', allow: ['dind'] });
  });

  it('is told by the node’s events, with who has changed it', async () => {
    const { uid } = await makeNode();
    const params = { ...org(), node_id: uid };
    good(await john.api.nodes.change({ params, body: { allow: ['dind'] } }));
    good(await john.api.nodes.change({ params, body: { allow: ['dind'], name: 'Node-03' } }));
    good(await john.api.nodes.change({ params, body: { allow: [] } }));

    const events = good(await john.api.nodes.events({ params })).filter(({ code }) => code === 'allow_changed');

    expect(events.map(({ detail, by }) => [detail, by])).toEqual([
      ['Jobs of new instances may have Docker here, by dind.', john.uid],
      ['Jobs of new instances may not have Docker here.', john.uid],
    ]);
  });
});
