import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { RawRow } from './invariants.ts';

/** Every row of a local cloud's table, as it lies there. The credentials are those that its functions find. */
export async function tableRows(cloud: {
  readonly dynamoDbEndpoint: string;
  readonly tableName: string;
}): Promise<RawRow[]> {
  const service = new DynamoDBClient({ endpoint: cloud.dynamoDbEndpoint, region: process.env.AWS_REGION ?? 'local' });
  const client = DynamoDBDocumentClient.from(service);
  const rows: RawRow[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new ScanCommand({ TableName: cloud.tableName, ConsistentRead: true, ...(start && { ExclusiveStartKey: start }) }),
    );
    rows.push(...((page.Items ?? []) as RawRow[]));
    start = page.LastEvaluatedKey;
  } while (start);
  // That of the document client does nothing.
  service.destroy();
  return rows;
}
