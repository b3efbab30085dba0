import * as z from 'zod';
import { absent, any, expired, is } from './expression.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { rowType } from './row.ts';
import { put, remove } from './steps.ts';

/** Rights that one holder has at a time. */
export interface Leases {
  /** Takes or renews a lease: false while somebody else holds it. */
  take(name: string, holder: string, seconds: number): Promise<boolean>;
  /** Gives a lease back; nothing happens if it is somebody else's by now. */
  release(name: string, holder: string): Promise<void>;
}

const row = rowType('lease', z.object({ holder: z.string(), until: z.int() }));

/** Makes the repository of leases. */
export const leases = (link: Link): Leases => ({
  async take(name, holder, seconds) {
    const now = link.now();
    const until = now + seconds * 1000;
    // `until` counts, in milliseconds: `expires_at` is only for DynamoDB to clear away.
    const free = any(absent(), is('holder', '=', holder), is('until', '<=', now), expired(now));
    const written = await link.write(
      put(row.write(keys.lease(name), { holder, until }, { expires_at: until }), free, () => 'held' as const),
    );
    return written.done;
  },

  async release(name, holder) {
    await link.write(remove(keys.lease(name), is('holder', '=', holder), () => 'held' as const));
  },
});
