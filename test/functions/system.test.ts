import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { client } from '#contract/client.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { good, quiet } from './actors.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud(quiet);
});
afterAll(() => cloud.close());

test('health says which version this is, and where', async () => {
  const health = good(await client({ url: cloud.url }).system.health());

  expect(health).toEqual({ status: 'ok', version: packageJson.version, region: 'local' });
});

test('the description is of this installation', async () => {
  const document = (await (await fetch(`${cloud.url}/openapi.json`)).json()) as { paths: object };

  expect(document).toMatchObject({ openapi: '3.1.0', servers: [{ url: cloud.url }] });
  expect(Object.keys(document.paths)).toContain('/org/{org_id}/nodes/{node_id}');
});

test('the reference runs only the scripts that are in it, and asks nobody else', async () => {
  const { body, headers } = await client({ url: cloud.url })
    .system.docs()
    .then((outcome) => ({
      body: good(outcome),
      headers: outcome.headers,
    }));
  const policy = headers.get('content-security-policy') ?? '';
  const scripts = [...body.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script = '']) => script);

  expect(scripts).toHaveLength(2);
  for (const script of scripts) {
    expect(policy).toContain(`'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  }
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/script-src[^;]*unsafe/);
  expect(body).not.toMatch(/<(?:script|link|img)[^>]+(?:src|href)=/);
});
