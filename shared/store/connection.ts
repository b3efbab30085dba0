import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { RetryOptions } from './retry.ts';

/** What every request to the table needs. */
export interface Connection {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly now: () => number;
  readonly newId: () => string;
  readonly retry: RetryOptions;
}
