import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Agents } from './agents.ts';
import type { Audit } from './audit.ts';
import type { Credentials } from './credentials.ts';
import type { DataKeys } from './data-keys.ts';
import type { DueRows } from './due.ts';
import type { Events } from './events.ts';
import type { Github } from './github.ts';
import type { Idempotency } from './idempotency.ts';
import type { Instances } from './instances.ts';
import type { Leases } from './leases.ts';
import type { Members } from './members.ts';
import type { Nodes } from './nodes.ts';
import type { Organizations } from './organizations.ts';
import type { Runners } from './runners.ts';
import type { Throttles } from './throttles.ts';
import type { Users } from './users.ts';

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
export declare function openTable(options: TableOptions): Table;
