import { expect, test } from 'vitest';
import { packed } from '#infra/bundle/passwords.ts';
import { commonPasswords } from '#runtime/common-passwords.ts';

test('the packed list of common passwords is the list, in less than half of its bytes', async () => {
  const source = packed(commonPasswords);

  const module = await import(`data:text/javascript,${encodeURIComponent(source)}`);
  expect(module.commonPasswords).toBe(commonPasswords);
  expect(source.length).toBeLessThan(commonPasswords.length / 2);
});
