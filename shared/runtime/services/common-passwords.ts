import * as z from 'zod';
import { commonPasswords as list } from '../common-passwords.ts';
import { service } from '../service.ts';

/** The passwords that everybody tries first. */
export const commonPasswords = service({
  id: 'common-passwords',
  config: z.object({}),
  open: () => {
    const known = new Set(list.trim().split(/\s+/));
    return {
      /** Whether a password is one of them, in whichever case. */
      has: (password: string): boolean => known.has(password.toLowerCase()),
    };
  },
});
