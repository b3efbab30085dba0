import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { importJWK, type JWK, jwtVerify } from 'jose';
import { z } from 'zod';

// `organizations.get` as it is usually written: what goal 1 of the cold starts is measured against. It reads the same
// three rows in as many waits, and answers the same organization.

const environment = z
  .object({ RUNNER_PILOT_TABLE: z.string(), RUNNER_PILOT_JWKS: z.string(), RUNNER_PILOT_DEPLOYMENT: z.string() })
  .parse(process.env);
const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const { keys } = JSON.parse(environment.RUNNER_PILOT_JWKS) as { keys: JWK[] };

const Params = z.object({ org_id: z.string().min(2).max(39) });
const Organization = z.object({
  name: z.string(),
  short_name: z.string(),
  type: z.enum(['personal', 'organization']),
  created_at: z.number(),
});

async function read(pk: string, sk: string): Promise<Record<string, unknown>> {
  const found = await documents.send(
    new GetCommand({ TableName: environment.RUNNER_PILOT_TABLE, Key: { pk, sk }, ConsistentRead: true }),
  );
  if (!found.Item) throw new Error(`There is no ${pk} ${sk}.`);
  return found.Item;
}

async function get(event: APIGatewayProxyEventV2) {
  const token = event.headers.authorization?.replace('Bearer ', '') ?? '';
  const [key] = keys;
  if (!key) throw new Error('There is no key.');
  const { payload } = await jwtVerify(token, await importJWK(key, 'ES256'), {
    issuer: `urn:runner-pilot:${environment.RUNNER_PILOT_DEPLOYMENT}`,
    audience: 'runner-pilot',
  });
  const { org_id } = Params.parse(event.pathParameters);
  const [organization, member] = await Promise.all([
    read(`ORG#${org_id}`, 'ORG'),
    read(`ORG#${org_id}`, `MEMBER#${payload.sub}`),
    read(`USER#${payload.sub}`, 'USER'),
  ]);
  const { created_at, ...shown } = Organization.parse(organization);
  return {
    statusCode: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...shown, created_at: new Date(created_at).toISOString(), role: member.role }),
  };
}

export const handler = middy(get).onError((request) => {
  console.error(JSON.stringify({ level: 'ERROR', message: request.error?.message }));
  request.response = { statusCode: 500, headers: { 'content-type': 'application/json' }, body: '{}' };
});
