import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { loadOrCreate } from './disk.ts';

/** The long-lived key of one data folder: who has it may call every local service. */
export const Installation = z.strictObject({ accessKeyId: z.string().min(16), secretAccessKey: z.string().min(40) });
export type Installation = z.output<typeof Installation>;

/** The installation's key, from `keys/installation.json` of the data folder; made at the first start. */
export function loadInstallation(dataFolder: string): Installation {
  return loadOrCreate(
    join(dataFolder, 'keys', 'installation.json'),
    (value) => Installation.parse(value),
    () => ({ accessKeyId: accessKeyId('AKIA'), secretAccessKey: randomBytes(30).toString('base64') }),
  );
}

/** An id in the form of AWS's: a prefix that says what kind of key it is, then 16 characters of base 32. */
export function accessKeyId(prefix: 'AKIA' | 'ASIA'): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return prefix + [...randomBytes(16)].map((byte) => alphabet[byte % 32]).join('');
}
