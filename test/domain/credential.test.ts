import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classifyCredential, describeCredential, isMaskedCredential, maskCredential } from '#domain/credential.ts';

const visible = fc.string({ unit: fc.constantFrom(...'abcXYZ019_-.'), minLength: 8, maxLength: 300 });

describe('a credential', () => {
  test.each([
    ['ghp_16C7e42F292c6912E7710c838347Ae178B4a', 'pat'],
    ['github_pat_11AAAAAAA0abcdefghijkl_mnop', 'pat'],
    ['gho_16C7e42F292c6912E7710c838347Ae178B4a', 'pat'],
    ['ghu_16C7e42F292c6912E7710c838347Ae178B4a', 'pat'],
    ['ghs_16C7e42F292c6912E7710c838347Ae178B4a', 'installation'],
    [`ghs_123456_${'eyJ0.eyJ1.sig'.repeat(40)}`, 'installation'],
    ['ghr_1234567890abcdef', 'registration'],
    ['AABBCCDDEEFFGGHHIIJJKKLLMMNNO', 'registration'],
    ['v1.1f699f1069f60xxx', 'registration'],
    ['xghp_1234567890abcdef', 'registration'],
  ])('%s is a %s credential', (token, kind) => {
    expect(classifyCredential(token)).toBe(kind);
  });

  test('is masked to its prefix and its last four characters', () => {
    expect(maskCredential('ghr_1234567890abcdef')).toBe('ghr_…cdef');
    expect(maskCredential('github_pat_11AAAAAAA0abcdefghijkl')).toBe('github_pat_…ijkl');
    expect(maskCredential('AABBCCDDEEFFGGHHIIJJKKLLMMNNO')).toBe('…MNNO');
  });

  test('shows nothing of itself when it is short', () => {
    expect(maskCredential('ghr_12345678')).toBe('ghr_…');
    expect(maskCredential('abcdefgh')).toBe('…');
  });

  test('never shows more than its prefix and four characters', () => {
    fc.assert(
      fc.property(visible, fc.constantFrom('', 'ghp_', 'ghs_', 'ghr_', 'github_pat_'), (body, prefix) => {
        const mask = maskCredential(prefix + body);

        expect(isMaskedCredential(mask)).toBe(true);
        expect(mask.length).toBeLessThanOrEqual('github_pat_…1234'.length);
        expect(isMaskedCredential(prefix + body)).toBe(false);
      }),
    );
  });

  test('of registration lives an hour at most, and its runners last', () => {
    const described = describeCredential('ghr_1234567890abcdef', 1_000);

    expect(described).toMatchObject({ kind: 'registration', ephemeral: false, expiresAt: 3_601_000 });
    expect(described.warnings.map((warning) => warning.code)).toEqual(['credential.short-lived']);
  });

  test('that is a personal access token has no known end, and its runners are ephemeral', () => {
    expect(describeCredential('ghp_16C7e42F292c6912E7710c83', 1_000)).toMatchObject({
      kind: 'pat',
      ephemeral: true,
      expiresAt: undefined,
      warnings: [],
    });
  });

  test('that is an installation token is ephemeral and warns of its hour', () => {
    const described = describeCredential('ghs_16C7e42F292c6912E7710c83', 0);

    expect(described).toMatchObject({ kind: 'installation', ephemeral: true, expiresAt: 3_600_000 });
    expect(described.warnings).toHaveLength(1);
  });
});
