import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { loadOrCreate } from './aws/disk.ts';

const Deployment = z.strictObject({ id: z.string().regex(/^[0-9a-f]{12}$/) });

/** The random name of this installation: on every container, in every token. */
export function deploymentOf(dataFolder: string): string {
  return loadOrCreate(
    join(dataFolder, 'deployment.json'),
    (value) => Deployment.parse(value),
    () => ({ id: randomBytes(6).toString('hex') }),
  ).id;
}
