import { vi } from 'vitest';
import type { Cloud, CloudOptions } from '#local/cloud.ts';

export type { Cloud, CloudOptions } from '#local/cloud.ts';

/**
 * The whole product in this process, over a temporary data folder if none is named. Functions keep what they have
 * opened, so they are loaded anew for each cloud: a test may start one after the other, or the same one again.
 */
export async function startCloud(options?: CloudOptions): Promise<Cloud> {
  vi.resetModules();
  const local = await import('#local/cloud.ts');
  return local.startCloud(options);
}
