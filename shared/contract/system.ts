import * as z from 'zod';
import { NoParams, NoQuery } from './fields.ts';
import { operation } from './operation.ts';

const common = { method: 'GET', tag: 'System', audience: 'public', params: NoParams, query: NoQuery } as const;

export const health = operation({
  ...common,
  id: 'system.health',
  path: '/health',
  summary: 'Say that the service answers',
  reply: z.object({ status: z.literal('ok'), version: z.string(), region: z.string() }),
  problems: [],
  examples: { local: { reply: { status: 'ok', version: '0.1.0', region: 'local' } } },
});

export const openapi = operation({
  ...common,
  id: 'system.openapi',
  path: '/openapi.json',
  summary: 'Get this description of the API',
  reply: z.string(),
  mediaType: 'application/json',
  problems: [],
  examples: { document: { reply: '{"openapi":"3.1.0"}' } },
});

export const docs = operation({
  ...common,
  id: 'system.docs',
  path: '/docs',
  summary: 'Read the reference',
  reply: z.string(),
  mediaType: 'text/html',
  problems: [],
  examples: { page: { reply: '<!doctype html>…' } },
});

export const problems = operation({
  ...common,
  id: 'system.problems',
  path: '/docs/problems.md',
  summary: 'Read what each problem means, and what to do',
  description: 'The `type` of a problem leads here.',
  reply: z.string(),
  mediaType: 'text/markdown',
  problems: [],
  examples: { text: { reply: '# Problems\n…' } },
});
