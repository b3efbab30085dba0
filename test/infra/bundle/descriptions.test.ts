import { expect, test } from 'vitest';
import { importOwnOperation, markDescriptions } from '#infra/bundle/descriptions.ts';

test('what only describes is marked as free of effects, whatever is inside of it', () => {
  const source = [
    'export const Name = z.string().max(9);',
    'const Row = z',
    '  .object({ a: z.string() })',
    '  .refine((row) => {',
    '    const first = row.a;',
    '',
    '    return first !== "";',
    '  });',
    'export const table = service({',
    "  id: 'table',",
    '  open: () => {',
    '    const a = 1;',
    '    return a;',
    '  },',
    '});',
    'export const now = () => Date.now();',
  ].join('\n');

  expect(markDescriptions(source)).toBe(
    [
      'export const Name = /* @__PURE__ */ (() => z.string().max(9))();',
      'const Row = /* @__PURE__ */ (() => z',
      '  .object({ a: z.string() })',
      '  .refine((row) => {',
      '    const first = row.a;',
      '',
      '    return first !== "";',
      '  }))();',
      'export const table = /* @__PURE__ */ (() => service({',
      "  id: 'table',",
      '  open: () => {',
      '    const a = 1;',
      '    return a;',
      '  },',
      '}))();',
      'export const now = () => Date.now();',
    ].join('\n'),
  );
});

test('a function imports its own operation, under whatever name its file has it', () => {
  const source = [
    "import { contract } from '#contract/operations.ts';",
    'export const handler = serve(contract.onboarding.create, {}, run);',
  ].join('\n');

  expect(importOwnOperation(source, 'functions/onboarding/create.ts')).toBe(
    [
      "import { onboarding as contract_onboarding_create } from '#contract/auth.ts';",
      'export const handler = serve(contract_onboarding_create, {}, run);',
    ].join('\n'),
  );
});

test('an operation that is not in the contract fails the build, not the function', () => {
  const source = "import { contract } from '#contract/operations.ts';\nserve(contract.no.such, {}, run);";

  expect(() => importOwnOperation(source, 'functions/no/such.ts')).toThrow('contract.no.such');
});
