import * as z from 'zod';
import { readIfThere, writePrivateFile } from '../aws/disk.ts';

const Tags = z.record(z.string(), z.string());

/** A machine that SSM knows. */
const ManagedInstance = z.strictObject({
  instanceId: z.string().regex(/^mi-[0-9a-f]{17}$/),
  name: z.string(),
  activationId: z.string(),
  iamRole: z.string(),
  registeredAt: z.int(),
  tags: Tags,
});
export type ManagedInstance = z.output<typeof ManagedInstance>;

/** What lets a machine register. Its code is kept as a hash only. */
const Activation = z.strictObject({
  activationId: z.uuid(),
  codeSha256: z.string(),
  description: z.string().optional(),
  defaultInstanceName: z.string().optional(),
  iamRole: z.string(),
  registrationLimit: z.int(),
  registrationsCount: z.int(),
  createdAt: z.int(),
  expiresAt: z.int(),
  tags: Tags,
});
export type Activation = z.output<typeof Activation>;

const Stored = z.strictObject({
  thisInstance: z.string().optional(),
  instances: z.array(ManagedInstance),
  activations: z.array(Activation),
});

/** Which instances and activations there are. */
export interface Registry {
  readonly instances: Map<string, ManagedInstance>;
  readonly activations: Map<string, Activation>;
  /** The id of this machine, once it has one. */
  thisInstance: string | undefined;
  /** Call it after each change: is on the disk when this returns. */
  save(): void;
}

/** Opens the registry of a file. */
export function openRegistry(path: string): Registry {
  const text = readIfThere(path);
  const stored = text === undefined ? { instances: [], activations: [] } : Stored.parse(JSON.parse(text));
  const registry: Registry = {
    thisInstance: stored.thisInstance,
    instances: new Map(stored.instances.map((one) => [one.instanceId, one])),
    activations: new Map(stored.activations.map((one) => [one.activationId, one])),
    save() {
      const { thisInstance, instances, activations } = registry;
      writePrivateFile(
        path,
        JSON.stringify({ thisInstance, instances: [...instances.values()], activations: [...activations.values()] }),
      );
    },
  };
  return registry;
}
