import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

test('no command rests on a hook: .npmrc has npm ignore them', () => {
  expect(readFileSync('.npmrc', 'utf8')).toContain('ignore-scripts=true');

  expect(Object.keys(scripts).filter((name) => /^(pre|post)/.test(name))).toEqual([]);
});

test('what serves an agent builds it first, so that it works in a fresh clone', () => {
  for (const name of ['start', 'demo']) expect(scripts[name]).toMatch(/^(node agent\/build\.ts|npm run build)\b/);
});
