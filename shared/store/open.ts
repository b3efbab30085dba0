import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type Agents, agents } from './agents.ts';
import { type Audit, audit } from './audit.ts';
import { type Credentials, credentials } from './credentials.ts';
import { type DataKeys, dataKeys } from './data-keys.ts';
import { type DueRows, due } from './due.ts';
import { type Events, events } from './events.ts';
import { type Github, github } from './github.ts';
import { type Idempotency, idempotency } from './idempotency.ts';
import { type Instances, instances } from './instances.ts';
import { type Leases, leases } from './leases.ts';
import { openLink } from './link.ts';
import { type Members, members } from './members.ts';
import { type Nodes, nodes } from './nodes.ts';
import { type Organizations, organizations } from './organizations.ts';
import { type Registries, registries } from './registries.ts';
import { type Runners, runners } from './runners.ts';
import { type Throttles, throttles } from './throttles.ts';
import { type Users, users } from './users.ts';

/** What the table is opened with. */
export interface TableOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** UUIDv7. */
  readonly newId: () => string;
  /** How long conflicts and throttling are retried before 503. @default 2000 */
  readonly retryBudgetMs?: number;
}

/** The table, as repositories. */
export interface Table {
  readonly users: Users;
  readonly organizations: Organizations;
  readonly members: Members;
  readonly nodes: Nodes;
  readonly agents: Agents;
  readonly registries: Registries;
  readonly runners: Runners;
  readonly instances: Instances;
  readonly events: Events;
  readonly audit: Audit;
  readonly credentials: Credentials;
  readonly idempotency: Idempotency;
  readonly throttles: Throttles;
  readonly leases: Leases;
  readonly due: DueRows;
  readonly github: Github;
  readonly dataKeys: DataKeys;
}

/** Opens the table: nothing is read or written before a repository is asked. */
export function openTable({ client, tableName, now, newId, retryBudgetMs = 2000 }: TableOptions): Table {
  const link = openLink({
    client: DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } }),
    tableName,
    now,
    newId,
    retry: { budgetMs: retryBudgetMs },
  });
  return {
    users: users(link),
    organizations: organizations(link),
    members: members(link),
    nodes: nodes(link),
    agents: agents(link),
    registries: registries(link),
    runners: runners(link),
    instances: instances(link),
    events: events(link),
    audit: audit(link),
    credentials: credentials(link),
    idempotency: idempotency(link),
    throttles: throttles(link),
    leases: leases(link),
    due: due(link),
    github: github(link),
    dataKeys: dataKeys(link),
  };
}
