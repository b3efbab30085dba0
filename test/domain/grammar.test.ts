import { describe, expect, test } from 'vitest';
import type * as z from 'zod';
import {
  Address,
  DockerImage,
  GithubRepo,
  Label,
  Name,
  Password,
  Port,
  RunnerToken,
  ShortName,
} from '#domain/grammar.ts';

const accepted: [string, z.ZodType, unknown[]][] = [
  ['name', Name, ['Runner-01', 'a', 'é'.repeat(63), '東京 2']],
  ['short name', ShortName, ['GT', 'a1', 'my-org', 'a'.repeat(39)]],
  [
    'docker image',
    DockerImage,
    [
      'ubuntu:22.04',
      'ubuntu',
      'ghcr.io/actions/actions-runner:2.335.0',
      'localhost:5000/a/b_c__d-e:tag',
      '[2001:db8::1]:5000/repo',
      `repo@sha256:${'a'.repeat(64)}`,
      `HOST.example.com/repo:Tag_1.x@sha256:${'0'.repeat(64)}`,
    ],
  ],
  ['repository', GithubRepo, ['Gigatech/my-repo', 'Gigatech', 'a/b.c_d', 'o/.github']],
  ['token', RunnerToken, ['ghr_1234567890abcdef', `ghs_123_${'x'.repeat(700)}`]],
  ['label', Label, ['gpu', 'a:b=c', 'x64', '_x']],
  ['port', Port, [1, 22, 65535]],
  ['address', Address, ['192.168.1.10', '::1', '2001:db8::8a2e:370:7334', 'build-01.example.com', 'localhost']],
  ['password', Password, ['strongpassword', '        ', 'p'.repeat(128)]],
];

const refused: [string, z.ZodType, unknown[]][] = [
  ['name', Name, ['', ' a', 'a ', 'a\nb', 'a\u0000', 'x'.repeat(64), '\ud800', 7]],
  ['short name', ShortName, ['G', '-a', 'a-', 'a_b', 'é1', 'a'.repeat(40), '']],
  [
    'docker image',
    DockerImage,
    [
      '',
      'Ubuntu',
      'ubuntu:',
      ':tag',
      'a b',
      'ubuntu;reboot',
      '$(x)',
      '-rm',
      'a//b',
      'a@sha256:12',
      `${'a'.repeat(256)}`,
      'a:-t',
    ],
  ],
  ['repository', GithubRepo, ['', '/', 'a/', 'a/b/c', '-a/b', 'a/..', 'a/.', 'a b', 'https://github.com/a/b']],
  ['token', RunnerToken, ['', 'short', 'two words', 'line\nbreak', 'x'.repeat(4097)]],
  ['label', Label, ['', 'a,b', '-x', 'a b', 'x'.repeat(101)]],
  ['port', Port, [0, 65536, 1.5, '22', -1]],
  [
    'address',
    Address,
    ['', '256.1.1.1', '1.2.3', '-a.com', 'a..b', 'http://a', 'a b', '[::1]', `${'a'.repeat(64)}.com`],
  ],
  ['password', Password, ['1234567', 'p'.repeat(129), '\ud800aaaaaaaa']],
];

describe('the grammar of fields', () => {
  test.each(accepted)('takes a right %s', (_, schema, values) => {
    for (const value of values) expect([value, schema.safeParse(value).error?.issues]).toEqual([value, undefined]);
  });

  test.each(refused)('refuses a wrong %s, and says what would be right', (_, schema, values) => {
    for (const value of values) {
      const { error } = schema.safeParse(value);
      expect([value, error === undefined]).toEqual([value, false]);
      expect(error?.issues[0]?.message).toMatch(/must|Invalid input: expected|Too big|Too small/);
    }
  });

  test.each(accepted)(
    'refuses 64 KiB of text as a %s by its length or type alone, before any pattern runs',
    (_, schema) => {
      for (const piece of ['a', 'a-', 'a.', 'a/', ':', '[', '\u0000', 'é', 'A@']) {
        const issues = schema.safeParse(piece.repeat(65_536 / piece.length)).error?.issues;
        expect(issues?.map(({ code }) => code)).toEqual([expect.stringMatching(/^(too_big|invalid_type)$/)]);
      }
    },
  );
});
