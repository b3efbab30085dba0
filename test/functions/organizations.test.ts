import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { good, owner, quiet, refused, unique } from './actors.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud(quiet);
});
afterAll(() => cloud.close());

const draft = (short_name = unique('o')) => ({ name: 'NextTech', short_name, type: 'organization' }) as const;

test('an organization is found by its short name in whichever case', async () => {
  const john = await owner(cloud);

  const found = good(await john.api.organizations.get({ params: { org_id: john.org_id.toUpperCase() } }));

  expect(found).toMatchObject({ short_name: john.org_id, role: 'owner' });
});

test('a short name is taken in every case, and the look-alike Kelvin sign is none', async () => {
  const john = await owner(cloud);
  const taken = await john.api.organizations.create({ body: draft(john.org_id.toUpperCase()) });
  const kelvin = await john.api.organizations.create({ body: draft('\u212Aelvin') });

  expect(refused(taken).code).toBe('organization.taken');
  expect(refused(kelvin)).toMatchObject({ status: 400, errors: [{ path: 'body.short_name' }] });
});

test('a change names what it changes, an edit form sends all it has', async () => {
  const john = await owner(cloud);
  const params = { org_id: john.org_id };
  const shown = good(await john.api.organizations.get({ params }));

  const changed = good(await john.api.organizations.change({ params, body: { ...shown, name: 'Other' } }));

  expect(changed).toEqual({ ...shown, name: 'Other' });
});

test.each(['short_name', 'type', 'created_at', 'role'])('%s can not be changed', async (name) => {
  const john = await owner(cloud);

  const outcome = await john.api.organizations.change({ params: { org_id: john.org_id }, body: { [name]: 'x' } });

  expect(refused(outcome)).toMatchObject({ status: 400, errors: [{ path: `body.${name}` }] });
});

test('a stale change is refused, a fresh one moves the ETag', async () => {
  const john = await owner(cloud);
  const params = { org_id: john.org_id };
  const before = await john.api.organizations.get({ params });
  const headers = { 'if-match': before.headers.get('etag') ?? '' };

  const first = await john.api.organizations.change({ params, body: { name: 'One' }, headers });
  const second = await john.api.organizations.change({ params, body: { name: 'Two' }, headers });

  expect(first.headers.get('etag')).not.toBe(headers['if-match']);
  expect(refused(second).code).toBe('version.stale');
  expect(good(await john.api.organizations.get({ params })).name).toBe('One');
});

test('an idempotency key has one effect, and is bound to its body', async () => {
  const john = await owner(cloud);
  const headers = { 'idempotency-key': 'a-key' };
  const body = draft();

  const outcomes = await Promise.all(Array.from({ length: 5 }, () => john.api.organizations.create({ body, headers })));
  const other = await john.api.organizations.create({ body: draft(), headers });

  expect(new Set(outcomes.map((outcome) => good(outcome).short_name))).toEqual(new Set([body.short_name]));
  expect(refused(other)).toMatchObject({ status: 422, code: 'idempotency.mismatch' });
});

test('pages lead from one to the next and show each organization once', async () => {
  const john = await owner(cloud);
  for (let n = 0; n < 4; n++) good(await john.api.organizations.create({ body: draft() }));
  const seen: string[] = [];
  let next: string | undefined = `${cloud.url}/org?limit=2`;

  while (next) {
    const page: Response = await fetch(next, { headers: { authorization: `Bearer ${john.token}` } });
    const items = (await page.json()) as { short_name: string }[];
    seen.push(...items.map(({ short_name }) => short_name));
    next = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
  }

  const all = good(await john.api.organizations.list());
  expect(seen).toEqual(all.map(({ short_name }) => short_name));
  expect(seen).toHaveLength(5);
});

test('a cursor that nobody gave is malformed', async () => {
  const john = await owner(cloud);

  const problem = refused(await john.api.organizations.list({ query: { cursor: 'eyJhIjoxfQ' } }));

  expect(problem).toMatchObject({ status: 400, code: 'request.malformed' });
});
