import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { openapi } from '#contract/openapi.ts';
import { operations } from '#contract/operations.ts';

const document = openapi({ version: '0.1.0' });

test('the description is valid OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(document));

  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
});

test.each(operations.map((operation) => [operation.id, operation] as const))(
  '%s is described with its examples, its problems and its token',
  (_id, { method, path, audience, examples, problems }) => {
    const described = (document.paths as never)[path]?.[method.toLowerCase()];

    expect(described.security).toEqual(audience === 'public' ? [] : [{ [audience]: [] }]);
    expect(
      Object.keys(Object.values<{ examples: object }>(described.responses[200].content)[0]?.examples ?? {}),
    ).toEqual(Object.keys(examples));
    const told = JSON.stringify(described.responses);
    for (const code of problems) expect(told).toContain(`#/components/examples/${code}`);
  },
);
