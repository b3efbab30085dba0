import { describe, expect, it } from 'vitest';
import { hashesOf, releaseOf } from '#domain/runner-release.ts';

const hash = 'a'.repeat(64);
const nothing = { version: undefined, distUrl: undefined, distSha256: undefined };
const newest = {
  version: '2.335.0',
  urls: { x64: 'https://github.test/x64.tar.gz' },
  sha256: { x64: hash },
};

describe('the runner that nodes mount', () => {
  it('is the newest, with its own hash', () => {
    expect(releaseOf(nothing, newest)).toMatchObject({ version: '2.335.0', sha256: { x64: hash } });
    expect(releaseOf(nothing, newest)?.urls.x64).toBe('https://github.test/x64.tar.gz');
    expect(releaseOf(nothing, undefined)).toBeUndefined();
  });

  it('is the version that is set, without the hash of another', () => {
    const set = releaseOf({ ...nothing, version: '2.330.0' }, newest);

    expect(set?.urls.arm64).toBe(
      'https://github.com/actions/runner/releases/download/v2.330.0/actions-runner-linux-arm64-2.330.0.tar.gz',
    );
    expect(set?.sha256).toEqual({});
  });

  it('comes from the mirror that is set', () => {
    const distUrl = 'https://mirror.test/{version}/runner-{arch}.tgz';

    expect(releaseOf({ ...nothing, distUrl, distSha256: `x64=${hash}` }, newest)).toEqual({
      version: '2.335.0',
      urls: {
        x64: 'https://mirror.test/2.335.0/runner-x64.tgz',
        arm64: 'https://mirror.test/2.335.0/runner-arm64.tgz',
      },
      sha256: { x64: hash },
    });
  });

  it('has one hash for all, or one for each', () => {
    expect(hashesOf(hash.toUpperCase())).toEqual({ x64: hash, arm64: hash });
    expect(hashesOf(`x64=${hash}, arm64=${'b'.repeat(64)}`)).toEqual({ x64: hash, arm64: 'b'.repeat(64) });
    expect(hashesOf(undefined)).toEqual({});
  });
});
