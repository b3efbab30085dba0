import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { RawRow } from '#test/invariants.ts';

const clients = new Map<string, DynamoDBDocumentClient>();

/** All rows of one partition of a local cloud's table, past any proxy: a table grows with each case, a case does not. */
export async function partitionRows(
  { dynamoDbEndpoint: endpoint, tableName }: { readonly dynamoDbEndpoint: string; readonly tableName: string },
  pk: string,
): Promise<RawRow[]> {
  const client =
    clients.get(endpoint) ?? DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint, region: 'local' }));
  clients.set(endpoint, client);
  const page = await client.send(
    new QueryCommand({
      TableName: tableName,
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': pk },
    }),
  );
  return (page.Items ?? []) as RawRow[];
}
