import * as z from 'zod';
import { type ProblemCode, problems } from '#domain/problem.ts';
import type { Operation } from './operation.ts';
import { problemsOf } from './operation-problems.ts';
import { operations } from './operations.ts';

/** What the document says of the installation that serves it. */
export interface OpenapiOptions {
  readonly version: string;
  /** The address of the API; the document's own by default. */
  readonly url?: string;
}

type Json = Readonly<Record<string, unknown>>;

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any' });
  return json;
};

const headers = {
  'X-Request-Id': { description: 'The id of this request, to be found in the log.', schema: { type: 'string' } },
  ETag: { description: 'The version of the resource.', schema: { type: 'string' } },
  Link: { description: 'The neighbouring pages (RFC 8288): `next`, `prev`.', schema: { type: 'string' } },
  'Preference-Applied': { description: 'The wait that was applied (RFC 7240).', schema: { type: 'string' } },
  'RateLimit-Limit': { description: 'How many requests fit at once.', schema: { type: 'integer' } },
  'RateLimit-Remaining': { description: 'How many of them are left.', schema: { type: 'integer' } },
  'RateLimit-Reset': { description: 'Seconds until there is another one.', schema: { type: 'integer' } },
  'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } },
  'WWW-Authenticate': { description: 'What is wrong with the token (RFC 6750).', schema: { type: 'string' } },
} as const;

const referTo = (...names: readonly (keyof typeof headers)[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

const rateLimited = (operation: Operation): boolean => operation.method === 'POST' && operation.audience !== 'node';

/** Headers that an operation takes. */
function headerParameters(operation: Operation): Json[] {
  const header = (name: string, description: string): Json => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  });
  return [
    ...(operation.idempotent
      ? [header('Idempotency-Key', 'Makes repeating the request safe for 24 h: its effect comes once.')]
      : []),
    ...(operation.versioned && operation.method === 'PUT'
      ? [header('If-Match', 'The `ETag` that the change is meant for; refused with 412 if there is a newer one.')]
      : []),
    ...(operation.waits ? [header('Prefer', '`wait=N` (seconds, at most 25) or `respond-async`.')] : []),
  ];
}

function parametersOf(operation: Operation): Json[] {
  const from = (schema: z.ZodObject, place: 'path' | 'query'): Json[] => {
    const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' });
    return Object.entries(properties).map(([name, one]) => ({
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      schema: one,
    }));
  };
  return [...from(operation.params, 'path'), ...from(operation.query, 'query'), ...headerParameters(operation)];
}

const problemExample = (code: ProblemCode): Json => {
  const { title, status } = problems[code];
  const type = `/docs/problems.md#${code}`;
  const value = { type, title, status, code, detail: `${title}.`, request_id: 'b2f0f1f0-3c1e-4c83-9a54-0d8f5f1c2b3a' };
  return { summary: title, value };
};

function problemResponse(codes: readonly ProblemCode[]): Json {
  const examples = codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]);
  const [first] = codes;
  const status = first && problems[first].status;
  return {
    description: codes.map((code) => problems[code].title).join('; or: '),
    headers: referTo(
      'X-Request-Id',
      ...(status === 401 ? (['WWW-Authenticate'] as const) : []),
      ...(status === 429 || status === 503 ? (['Retry-After'] as const) : []),
    ),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(examples),
      },
    },
  };
}

function refusals(operation: Operation): Json {
  const byStatus = Map.groupBy(problemsOf(operation), (code) => problems[code].status);
  return Object.fromEntries(
    [...byStatus].sort(([a], [b]) => a - b).map(([status, codes]) => [status, problemResponse(codes)]),
  );
}

function success(operation: Operation): Json {
  const names = referTo(
    'X-Request-Id',
    ...(operation.versioned ? (['ETag'] as const) : []),
    ...(operation.paged ? (['Link'] as const) : []),
    ...(operation.waits ? (['Preference-Applied'] as const) : []),
    ...(rateLimited(operation) ? (['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'] as const) : []),
  );
  const examples = Object.entries(operation.examples).map(([name, { reply }]) => [name, { value: reply }]);
  const schema = operation.mediaType ? { type: 'string' } : schemaOf(operation.reply, 'output');
  return {
    description: 'Done.',
    headers: names,
    content: { [operation.mediaType ?? 'application/json']: { schema, examples: Object.fromEntries(examples) } },
  };
}

function requestBody(operation: Operation): Json {
  if (!operation.body) return {};
  const examples = Object.entries(operation.examples).flatMap(([name, { body }]) =>
    body === undefined ? [] : [[name, { value: body }]],
  );
  const content = { schema: schemaOf(operation.body, 'input'), examples: Object.fromEntries(examples) };
  return { requestBody: { required: true, content: { 'application/json': content } } };
}

const securityOf = ({ audience }: Operation): Json[] => {
  if (audience === 'public') return [];
  return audience === 'user' ? [{ user: [] }] : [{ node: [] }];
};

const describe = (operation: Operation): Json => ({
  operationId: operation.id,
  summary: operation.summary,
  ...(operation.description && { description: operation.description }),
  tags: [operation.tag],
  security: securityOf(operation),
  parameters: parametersOf(operation),
  ...requestBody(operation),
  responses: { 200: success(operation), ...refusals(operation) },
});

function pathsOf(all: readonly Operation[]): Json {
  const byPath = Map.groupBy(all, ({ path }) => path);
  return Object.fromEntries(
    [...byPath].map(([path, ones]) => [
      path,
      Object.fromEntries(ones.map((operation) => [operation.method.toLowerCase(), describe(operation)])),
    ]),
  );
}

const Problem: Json = {
  type: 'object',
  description: 'A refusal (RFC 9457). Program against `code`; `detail` is for people.',
  required: ['type', 'title', 'status', 'code', 'detail', 'request_id'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(problems) },
    detail: { type: 'string' },
    request_id: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};

/** Those that an operation may answer. */
const shown = [...new Set(operations.flatMap(problemsOf))].sort();

const tags: Readonly<Record<string, string>> = {
  Users: 'Who somebody is, and how they log in.',
  Organizations: 'Tenants: everything else is inside one.',
  Nodes: 'Machines that run Docker.',
  Runners: 'Descriptions of which instances are made.',
  Instances: 'Containers in which a runner waits for jobs.',
  Monitoring: 'What instances use, and what they say.',
  Agent: 'For nodes, not for people.',
  System: 'About the service itself.',
};

/** The description of the API: OpenAPI 3.1, derived from the contract. */
export const openapi = ({ version, url = '/' }: OpenapiOptions): Json => ({
  openapi: '3.1.0',
  info: {
    title: 'Runner Pilot',
    version,
    summary: 'A control plane for self-hosted GitHub Actions runners.',
    description:
      'Register, make an organization, attach machines that run Docker, describe runners, start instances of them. ' +
      'Every list is an array; `Link` leads to its next page. Every refusal is `application/problem+json`.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url }],
  tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name, description: tags[name] ?? name })),
  paths: pathsOf(operations),
  components: {
    headers,
    schemas: { Problem },
    examples: Object.fromEntries(shown.map((code) => [code, problemExample(code)])),
    securitySchemes: {
      user: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'What `POST /auth/login` answers.' },
      node: { type: 'http', scheme: 'bearer', description: 'What `POST /agent/enroll` answers.' },
    },
  },
});
