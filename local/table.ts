import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { tableDescription, ttlAttribute } from '#store/table.ts';

/** What {@link ensureTable} needs. */
export interface TableOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly tableName: string;
}

/** Makes the table if it isn't there, and has its rows expire. Safe to be cut off anywhere, and to be repeated. */
export async function ensureTable(options: TableOptions): Promise<void> {
  const { tableName: TableName } = options;
  const created = await call(options, 'CreateTable', { TableName, ...tableDescription });
  if (created.status !== 200 && !created.text.includes('ResourceInUseException')) {
    throw new Error(`The table ${TableName} could not be created: ${created.text}`);
  }
  while (statusOf(await call(options, 'DescribeTable', { TableName })) !== 'ACTIVE') await sleep(20);

  const expiry = await call(options, 'DescribeTimeToLive', { TableName });
  if (expiry.text.includes('ENABLED')) return;
  const enabled = await call(options, 'UpdateTimeToLive', {
    TableName,
    TimeToLiveSpecification: { Enabled: true, AttributeName: ttlAttribute },
  });
  if (enabled.status !== 200) throw new Error(`The rows of ${TableName} would not expire: ${enabled.text}`);
}

function statusOf({ status, text }: Answer): unknown {
  if (status !== 200) throw new Error(`The table could not be looked at: ${text}`);
  return JSON.parse(text).Table?.TableStatus;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** One call of DynamoDB's protocol. Engines for one machine want a signature, and don't check it. */
function call({ endpoint, region, accessKeyId }: TableOptions, operation: string, input: object): Promise<Answer> {
  const scope = `${accessKeyId}/20260101/${region}/dynamodb/aws4_request`;
  return new Promise((resolve, reject) => {
    const sent = request(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        'x-amz-date': '20260101T000000Z',
        authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
      },
      timeout: 10_000,
    });
    sent.on('timeout', () => sent.destroy(new Error(`DynamoDB at ${endpoint} did not answer.`)));
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    sent.end(JSON.stringify(input));
  });
}
