import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { describe, expect, test } from 'vitest';
import { rules } from './layers.rules.ts';

const folders = ['shared', 'functions', 'agent', 'infra', 'local', 'test'];

async function look(baseDir: string): Promise<ICruiseResult> {
  const { output } = await cruise(folders, {
    ...rules.options,
    baseDir,
    ruleSet: { forbidden: rules.forbidden },
    validate: true,
  });
  return output as ICruiseResult;
}

describe('the layers', () => {
  test('the project keeps to its own import rules', async () => {
    const { summary, modules } = await look(process.cwd());

    expect(modules.filter((module) => /^(shared|functions)\//.test(module.source)).length).toBeGreaterThan(60);
    expect(summary.violations.map(({ from, to, rule }) => `${from} → ${to} (${rule.name})`)).toEqual([]);
  });

  const forbidden = [
    ['shared/domain/a.ts', 'node:fs'],
    ['shared/domain/a.ts', '../store/b.ts'],
    ['shared/contract/a.ts', '../lambda/b.ts'],
    ['shared/store/a.ts', '../cloud/b.ts'],
    ['shared/cloud/a.ts', '../store/b.ts'],
    ['shared/github/a.ts', '../contract/b.ts'],
    ['shared/lambda/a.ts', '@aws-sdk/client-ssm'],
    ['shared/runtime/a.ts', '../contract/b.ts'],
    ['functions/nodes/a.ts', '../runners/b.ts'],
    ['functions/nodes/a.ts', '../../shared/store/b.ts'],
    ['functions/nodes/a.ts', '@aws-sdk/client-dynamodb'],
    ['infra/a.ts', '../shared/cloud/b.ts'],
    ['local/a.ts', '../shared/store/b.ts'],
    ['agent/a.ts', '../shared/store/b.ts'],
    ['agent/a.ts', '@aws-sdk/client-ssm'],
    ['shared/runtime/a.ts', '../../local/b.ts'],
  ] as const;

  test.each(forbidden)('%s must not import %s', async (from, to) => {
    const folder = await mkdtemp(join(tmpdir(), 'layers-'));
    await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
    for (const name of folders) await mkdir(join(folder, name));
    const target = join(folder, dirname(from), to);
    if (to.startsWith('.')) {
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, 'export const b = 1;\n');
    }
    await mkdir(dirname(join(folder, from)), { recursive: true });
    await writeFile(join(folder, from), `import * as b from '${to}';\nexport const a = b;\n`);

    const { summary } = await look(folder);

    expect(summary.violations.filter((violation) => violation.from === from)).not.toEqual([]);
  });
});
