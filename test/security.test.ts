import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { organizationLimits } from '#domain/organization.ts';
import { productWords } from '#domain/password.ts';
import { permissions, roles } from '#domain/permissions.ts';
import { Stage } from '#infra/stage.ts';
import { rateConfig } from '#runtime/services/throttles.ts';

const text = readFileSync('SECURITY.md', 'utf8');
const quoted = (part: string): readonly string[] => [...part.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
const rowsWith = (first: RegExp) => text.split('\n').filter((line) => first.test(line));

describe('SECURITY.md says', () => {
  test('the rates as they are', () => {
    const told = rowsWith(/^\| `RUNNER_PILOT_RATE_/).map((row) => quoted(row).slice(0, 2));

    const defaults = Object.entries(rateConfig.parse({}));
    expect(told).toEqual(defaults.map(([name, { capacity, refillSeconds }]) => [name, `${capacity}/${refillSeconds}`]));
  });

  test('who may do what', () => {
    const told = roles.map((role) => [
      role,
      rowsWith(new RegExp(`^\\| ${role} \\|`))
        .flatMap(quoted)
        .toSorted(),
    ]);

    const needed = (role: string) => Object.entries(permissions).flatMap(([id, one]) => (one === role ? [id] : []));
    expect(told).toEqual(roles.map((role) => [role, needed(role).toSorted()]));
  });

  test('the words that passwords are not made of', () => {
    const [, list = ''] = /words of the context are taken out, which are (.*?)\.$/m.exec(text) ?? [];

    expect(quoted(list)).toEqual(productWords);
  });

  test('how much an organization may have', () => {
    const { nodes, runners, instances, registries } = organizationLimits;
    const number = new Intl.NumberFormat('en');

    expect(text).toContain(
      `${number.format(nodes)} nodes, ${number.format(runners)} runners, ${number.format(instances)} live instances, ${registries} registries`,
    );
  });

  test('how long logs are kept', () => {
    const told = rowsWith(/^\| of the (API|functions|nodes) \|/).map((row) => Number(/(\d+) days/.exec(row)?.[1]));

    const { retentionDays } = Stage.parse({ name: 'prod' });
    expect(told).toEqual([retentionDays.access, retentionDays.functions, retentionDays.nodes]);
  });
});
