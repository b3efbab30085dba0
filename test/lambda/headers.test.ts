import { describe, expect, test } from 'vitest';
import { readIfMatch } from '#lambda/if-match.ts';
import { linkOf } from '#lambda/link.ts';
import { networkOf } from '#lambda/network.ts';
import { readPrefer } from '#lambda/prefer.ts';

describe('Prefer', () => {
  test.each([
    [undefined, 5, undefined],
    ['wait=10', 10, 'wait=10'],
    ['wait="10"', 10, 'wait=10'],
    ['WAIT = 10', 10, 'wait=10'],
    ['wait=3600', 25, 'wait=25'],
    ['wait=0', 0, 'respond-async'],
    ['respond-async', 0, 'respond-async'],
    ['respond-async, wait=10', 0, 'respond-async'],
    ['wait=3, wait=9', 3, 'wait=3'],
    ['return=minimal; foo="bar", wait=2', 2, 'wait=2'],
    ['something-else', 5, undefined],
  ])('%j waits %i s and says %j', (header, seconds, applied) => {
    expect(readPrefer(header, 5)).toEqual({ seconds, applied });
  });

  test('a wait that is no whole number is malformed', () => {
    expect(() => readPrefer('wait=soon', 5)).toThrow(expect.objectContaining({ code: 'request.malformed' }));
  });
});

describe('If-Match', () => {
  test.each([
    [undefined, undefined],
    ['*', undefined],
    ['"3"', 3],
    [' "12" ', 12],
  ])('%j asks for version %j', (header, version) => {
    expect(readIfMatch(header)).toBe(version);
  });

  test.each(['3', 'W/"3"', '"a"', '', '"1", "2"'])('%j is no tag of ours, so nothing has it', (header) => {
    expect(() => readIfMatch(header)).toThrow(expect.objectContaining({ code: 'version.stale' }));
  });
});

describe('Link', () => {
  test('leads to the same address with another cursor', () => {
    const link = linkOf('https://x.example/org', 'limit=2&cursor=old', { next: 'a b', previous: 'c' });

    expect(link).toBe(
      '<https://x.example/org?limit=2&cursor=c>; rel="prev", <https://x.example/org?limit=2&cursor=a+b>; rel="next"',
    );
  });

  test('is absent on the only page', () => {
    expect(linkOf('https://x.example/org', '', {})).toBeUndefined();
  });
});

describe('the network of a caller', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('%s is in %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
