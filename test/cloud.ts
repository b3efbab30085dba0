import { vi } from 'vitest';
import type { Cloud, CloudOptions } from '#local/cloud.ts';
import { canary, passphrase } from './journeys/tenant.ts';

export type { Cloud, CloudOptions } from '#local/cloud.ts';

/** What clouds in this process have written for the log, if a secret that tests give them is in it. */
export const leaks: string[] = [];

const write = process.stdout.write.bind(process.stdout) as (...given: unknown[]) => boolean;
process.stdout.write = (chunk: unknown, ...more: unknown[]) => {
  const text = String(chunk);
  if (text.startsWith('{') && (text.includes(canary) || text.includes(passphrase))) leaks.push(text);
  return write(chunk, ...more);
};

/**
 * The whole product in this process, over a temporary data folder if none is named. Functions keep what they have
 * opened, so they are loaded anew for each cloud: a test may start one after the other, or the same one again.
 */
export async function startCloud(options?: CloudOptions): Promise<Cloud> {
  vi.resetModules();
  const local = await import('#local/cloud.ts');
  return local.startCloud(options);
}
