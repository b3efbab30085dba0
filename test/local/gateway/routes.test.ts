import { expect, test } from 'vitest';
import { operations } from '#contract/operations.ts';
import { createRouter } from '#local/gateway/routes.ts';

const at = (path: string, id = path) => ({ id, method: 'GET', path });

test('a literal segment goes before a parameter', () => {
  const route = createRouter([at('/a/{x}/c'), at('/a/b/{y}'), at('/a/b/c')]);

  expect(route('GET', '/a/b/c')?.route.id).toBe('/a/b/c');
  expect(route('GET', '/a/b/d')).toMatchObject({ route: { id: '/a/b/{y}' }, pathParameters: { y: 'd' } });
  expect(route('GET', '/a/z/c')).toMatchObject({ route: { id: '/a/{x}/c' }, pathParameters: { x: 'z' } });
});

test.each([
  ['another method', 'POST', '/a/b'],
  ['a trailing slash', 'GET', '/a/b/'],
  ['an empty parameter', 'GET', '/a/'],
  ['a deeper path', 'GET', '/a/b/c'],
  ['another case', 'GET', '/A/b'],
])('%s is no match', (_, method, path) => {
  expect(createRouter([at('/a/{x}')])(method, path)).toBeUndefined();
});

test('two operations at one route are refused', () => {
  expect(() => createRouter([at('/a/{x}', 'one'), at('/a/{y}', 'two')])).toThrow('Two operations are routed at');
  expect(() => createRouter([at('/a', 'one'), at('/a', 'two')])).toThrow('Two operations are routed at');
});

test('a route that API Gateway has and this gateway lacks is refused', () => {
  expect(() => createRouter([at('/a/{x+}')])).toThrow('no routes with "{x+}"');
});

test.each(operations)('$id is found at its own path', ({ id, method, path }) => {
  const match = createRouter(operations)(method, path.replaceAll(/\{(\w+)\}/g, 'value-of-$1'));

  expect(match?.route.id).toBe(id);
  for (const [name, value] of Object.entries(match?.pathParameters ?? {})) expect(value).toBe(`value-of-${name}`);
});
