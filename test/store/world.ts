import { randomBytes } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe } from 'vitest';
import { request } from '#domain/instance/request.ts';
import type { Instance } from '#domain/instance.ts';
import type { Node } from '#domain/node.ts';
import type { Member } from '#domain/organization.ts';
import type { Runner } from '#domain/runner.ts';
import type { OrgScope } from '#domain/scope.ts';
import type { User } from '#domain/user.ts';
import { openTable, type Table, type TableOptions } from '#store/open.ts';
import type { RunnerDraft } from '#store/runners.ts';
import type { Actor } from '#store/write.ts';
import { facts } from '#test/node-facts.ts';
import { clientOf, createTable, type Engine, type EngineChoice } from './engines.ts';

/** Somebody with an organization of their own. */
export interface Tenant {
  readonly user: User;
  readonly by: Actor;
  readonly org: string;
  readonly scope: OrgScope;
}

/** A table of its own on an engine, with a clock that tests steer. */
export interface World {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly clock: { now: number };
  readonly table: Table;
  /** The same table, opened otherwise. */
  open(options: Partial<TableOptions>): Table;
  user(): Promise<User>;
  tenant(): Promise<Tenant>;
  node(tenant: Tenant, draft?: Partial<Node>): Promise<Node>;
  runner(tenant: Tenant, draft?: Partial<RunnerDraft>): Promise<Runner>;
  instance(tenant: Tenant, runner: Runner, node: Node): Promise<Instance>;
  /** Every row there is, as it lies there. */
  rows(): Promise<readonly Record<string, unknown>[]>;
  /** Writes a row past all rules. */
  plant(row: Record<string, unknown>): Promise<void>;
  plantMany(rows: readonly Record<string, unknown>[]): Promise<void>;
}

export const nodeDraft = {
  name: 'Node-01',
  type: 'Remote',
  ip_address: '192.168.1.10',
  port: 22,
  max_instances: null,
  labels: [],
} as const satisfies Partial<Node>;

export const runnerDraft = (): RunnerDraft => ({
  uid: v7(),
  name: 'Runner-01',
  docker_image: 'ghcr.io/actions/actions-runner:latest',
  github_repo: 'Gigatech/my-repo',
  credential: 'sealed',
  credential_kind: 'pat',
  credential_mask: 'ghp_…cdef',
  credential_hash: 'b0c1',
  ephemeral: true,
  labels: [],
  runner_source: 'auto',
  runner_group_id: 1,
  limits: { cpus: null, memory_mb: null, pids: null },
});

/** The scope that the membership check makes. */
export const scopeOf = (org: string, member: Promise<Member>): OrgScope => ({ org, member }) as unknown as OrgScope;

export const aScope = (org: string): OrgScope =>
  scopeOf(org, Promise.resolve({ org, uid: 'u', role: 'owner', created_at: 0 }));

export const actor = (uid: string): Actor => ({ uid, request_id: v7() });

export const codeHash = (): string => randomBytes(32).toString('hex');

export const anEnrollment = (clock: { readonly now: number }) => ({
  code_hash: codeHash(),
  expires_at: clock.now + 3_600_000,
});

/** A world over a table that is there. */
export function worldOn(client: DynamoDBClient, tableName: string): World {
  const clock = { now: Date.now() };
  const open = (options: Partial<TableOptions> = {}) =>
    openTable({ client, tableName, now: () => clock.now, newId: () => v7(), retryBudgetMs: 15_000, ...options });
  const table = open();
  const documents = DynamoDBDocumentClient.from(client);

  async function user(): Promise<User> {
    const email = `${v7()}@example.com`;
    return table.users.register({ full_name: 'John Doe', email, canonical: email, password_hash: '$argon2id$' });
  }

  return {
    client,
    tableName,
    clock,
    table,
    open,
    user,

    async tenant() {
      const one = await user();
      const by = actor(one.uid);
      const org = `t${randomBytes(8).toString('hex')}`;
      await table.organizations.create(
        { short_name: org, name: 'Gigatech', type: 'personal' },
        { by, onboarding: true },
      );
      const member = await table.members.check(one.uid, org);
      if (!member.member) throw new Error('The owner is no member.');
      return { user: one, by, org, scope: scopeOf(org, Promise.resolve(member.member)) };
    },

    async node({ scope, by }, draft = {}) {
      const write = { by, enrollment: anEnrollment(clock) };
      return (await table.nodes.create(scope, { ...nodeDraft, ...draft }, write)).created;
    },

    async runner({ scope, by }, draft = {}) {
      return (await table.runners.create(scope, { ...runnerDraft(), ...draft }, { by })).created;
    },

    async instance({ scope, by, org }, runner, node) {
      const wanted = request({ org, uid: v7(), runner, node, facts }, clock.now);
      return (await table.instances.create(scope, wanted, { by })).created;
    },

    async rows() {
      const all: Record<string, unknown>[] = [];
      let start: Record<string, unknown> | undefined;
      do {
        const page = await documents.send(
          new ScanCommand({ TableName: tableName, ConsistentRead: true, ...(start && { ExclusiveStartKey: start }) }),
        );
        all.push(...(page.Items ?? []));
        start = page.LastEvaluatedKey;
      } while (start);
      return all;
    },

    async plant(row) {
      await documents.send(new PutCommand({ TableName: tableName, Item: row }));
    },

    async plantMany(rows) {
      for (let from = 0; from < rows.length; from += 25) {
        const RequestItems = {
          [tableName]: rows.slice(from, from + 25).map((Item) => ({ PutRequest: { Item } })),
        };
        await documents.send(new BatchWriteCommand({ RequestItems }));
      }
    },
  };
}

/** A suite that must hold on every engine. */
export type Suite = (world: () => World) => void;

/** Runs suites on an engine, over one table. One that can't be started here is skipped, but not in CI. */
export function onEngine(engine: EngineChoice, suites: Readonly<Record<string, Suite>>): void {
  const missing = engine.unavailable && !process.env.CI ? ` (skipped: ${engine.unavailable})` : '';
  describe.skipIf(missing !== '')(`the table on ${engine.name}${missing}`, () => {
    let running: Engine | undefined;
    let world: World | undefined;
    beforeAll(async () => {
      if (engine.unavailable) throw new Error(`${engine.name} is not here: ${engine.unavailable}.`);
      running = await engine.start();
      const client = clientOf(running);
      await createTable(client, 'runner-pilot');
      world = worldOn(client, 'runner-pilot');
    });
    afterAll(async () => {
      world?.client.destroy();
      await running?.[Symbol.asyncDispose]();
    });
    for (const [name, suite] of Object.entries(suites)) {
      describe(name, () =>
        suite(() => {
          if (!world) throw new Error('The engine has not started.');
          return world;
        }),
      );
    }
  });
}

/** What many do at once: those that succeeded, and the codes of those that were refused. */
export async function together<T>(many: number, act: (index: number) => Promise<T>) {
  const results = await Promise.allSettled(Array.from({ length: many }, (_, index) => act(index)));
  return {
    won: results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    refused: results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code ?? result.reason] : [])),
  };
}
