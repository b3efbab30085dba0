import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { openapi } from '#contract/openapi.ts';
import { operations } from '#contract/operations.ts';

interface Described {
  readonly paths: Record<string, Record<string, { security: unknown; responses: Record<number, Response> }>>;
}
interface Response {
  readonly content?: Record<string, { readonly examples?: object }>;
}

const document: unknown = openapi({ version: '0.1.0' });

test('the description is valid OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(document)));

  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
});

test.each(operations.map((operation) => [operation.id, operation] as const))(
  '%s is described with its examples, its problems and its token',
  (_id, { method, path, audience, examples, problems }) => {
    const described = (document as Described).paths[path]?.[method.toLowerCase()];
    if (!described) throw new Error(`${method} ${path} is not described.`);
    const [content] = Object.values(described.responses[200]?.content ?? {});

    expect(described.security).toEqual(audience === 'public' ? [] : [{ [audience]: [] }]);
    expect(Object.keys(content?.examples ?? {})).toEqual(Object.keys(examples));
    const told = JSON.stringify(described.responses);
    for (const code of problems) expect(told).toContain(`#/components/examples/${code}`);
  },
);
