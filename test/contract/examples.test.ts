import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { operations } from '#contract/operations.ts';
import { permissions } from '#domain/permissions.ts';
import { problems } from '#domain/problem.ts';

const examples = operations.flatMap((operation) =>
  Object.entries(operation.examples).map(([name, example]) => ({
    operation,
    name,
    example,
    title: `${operation.id}, ${name}`,
  })),
);

describe('the contract', () => {
  test('names each operation once, and each method of a path once', () => {
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
    expect(new Set(operations.map(({ method, path }) => `${method} ${path}`)).size).toBe(operations.length);
  });

  test.each(examples)('its examples are what it would take and answer: $title', ({ operation, example }) => {
    expect(
      z.strictObject({ reply: operation.reply }).safeParse({ reply: example.reply }).error?.issues,
    ).toBeUndefined();
    if ('body' in example) expect(operation.body?.safeParse(example.body).error?.issues).toBeUndefined();
  });

  test.each(operations)('$id declares its path parameters, and problems that exist', (operation) => {
    const inPath = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);

    expect(Object.keys(operation.params.shape)).toEqual(inPath);
    for (const code of operation.problems) expect(problems).toHaveProperty([code]);
  });

  test('has a role for every operation inside an organization, and for no other', () => {
    const inside = operations.filter(({ path }) => path.startsWith('/org/{org_id}')).map(({ id }) => id);

    expect(inside.toSorted()).toEqual(Object.keys(permissions).toSorted());
  });
});

describe('the order', () => {
  const order = JSON.parse(readFileSync(new URL('order.json', import.meta.url), 'utf8')) as {
    method: string;
    path: string;
    body?: unknown;
    reply: unknown;
  }[];

  test('has 24 operations', () => {
    expect(order).toHaveLength(24);
  });

  test.each(order)('is kept to by $method $path', ({ method, path, body, reply }) => {
    const operation = operations.find((o) => o.method === method && o.path === path);

    expect(operation?.examples.order?.body).toEqual(body);
    expect(operation?.examples.order?.reply).toMatchObject(reply as object);
  });
});
