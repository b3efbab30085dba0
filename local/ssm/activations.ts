import { createHash, randomBytes, randomUUID } from 'node:crypto';
import * as z from 'zod';
import { awsFault } from '../aws/fault.ts';
import { type Operation, operation } from '../aws/operation.ts';
import { pageInput, paginate } from './paging.ts';
import type { Activation, ManagedInstance, Registry } from './registry.ts';
import { fromTags, TagList, toTags } from './tags.ts';

const dayMs = 24 * 3_600_000;

/** What the operations on activations need. */
export interface ActivationsOptions {
  readonly registry: Registry;
  readonly arnPrefix: string;
  readonly now: () => number;
}

/** CreateActivation: a code by which machines may register, for a day unless something else is asked. */
export function createActivation({ registry, arnPrefix, now }: ActivationsOptions): Operation {
  const Input = z.object({
    Description: z.string().max(256).optional(),
    DefaultInstanceName: z.string().max(256).optional(),
    IamRole: z.string().min(1).max(64),
    RegistrationLimit: z.int().min(1).max(1000).default(1),
    ExpirationDate: z.number().optional(),
    Tags: TagList.default([]),
  });
  return operation(
    Input,
    () => `${arnPrefix}:*`,
    (input) => {
      const expiresAt = input.ExpirationDate === undefined ? now() + dayMs : Math.round(input.ExpirationDate * 1000);
      if (expiresAt <= now() || expiresAt > now() + 30 * dayMs) {
        throw awsFault('InvalidParameters', 'ExpirationDate must be in the future, and at most 30 days away.');
      }
      const code = randomBytes(15).toString('base64url');
      const activation: Activation = {
        activationId: randomUUID(),
        codeSha256: sha256(code),
        description: input.Description,
        defaultInstanceName: input.DefaultInstanceName,
        iamRole: input.IamRole,
        registrationLimit: input.RegistrationLimit,
        registrationsCount: 0,
        createdAt: now(),
        expiresAt,
        tags: fromTags(input.Tags),
      };
      registry.activations.set(activation.activationId, activation);
      registry.save();
      return { ActivationId: activation.activationId, ActivationCode: code };
    },
  );
}

/** DescribeActivations, in the order of their creation. */
export function describeActivations({ registry, arnPrefix, now }: ActivationsOptions): Operation {
  const Filter = z.strictObject({
    FilterKey: z.enum(['ActivationIds', 'DefaultInstanceName', 'IamRole']),
    FilterValues: z.array(z.string()),
  });
  const Input = z.object({ Filters: z.array(Filter).default([]), ...pageInput(1, 50) });
  const key = {
    ActivationIds: 'activationId',
    DefaultInstanceName: 'defaultInstanceName',
    IamRole: 'iamRole',
  } as const;
  return operation(
    Input,
    () => `${arnPrefix}:*`,
    (input) => {
      const matching = [...registry.activations.values()].filter((one) =>
        input.Filters.every(({ FilterKey, FilterValues }) => FilterValues.includes(one[key[FilterKey]] ?? '')),
      );
      const { items, next } = paginate(matching, ({ activationId }) => activationId, input);
      return { ActivationList: items.map((one) => describe(one, now())), ...next };
    },
  );
}

/** DeleteActivation: no machine can register with it any more; those that have stay. */
export function deleteActivation({ registry, arnPrefix }: ActivationsOptions): Operation {
  return operation(
    z.object({ ActivationId: z.uuid() }),
    () => `${arnPrefix}:*`,
    ({ ActivationId }) => {
      if (!registry.activations.delete(ActivationId)) {
        throw awsFault('InvalidActivation', `Activation ${ActivationId} does not exist.`);
      }
      registry.save();
      return {};
    },
  );
}

/** Registers a machine by an activation's code, as its SSM agent would; it gets the activation's tags. */
export function registerByActivation(
  { registry, now }: ActivationsOptions,
  { activationId, code, name }: { activationId: string; code: string; name: string },
): ManagedInstance {
  const activation = registry.activations.get(activationId);
  const open = activation && activation.registrationsCount < activation.registrationLimit;
  if (!open || activation.expiresAt <= now() || activation.codeSha256 !== sha256(code)) {
    throw awsFault('InvalidActivation', 'Invalid activation.');
  }
  const instance: ManagedInstance = {
    instanceId: newInstanceId(),
    name: activation.defaultInstanceName ?? name,
    activationId,
    iamRole: activation.iamRole,
    registeredAt: now(),
    tags: activation.tags,
  };
  activation.registrationsCount += 1;
  registry.instances.set(instance.instanceId, instance);
  registry.save();
  return instance;
}

/** A managed instance's id, as AWS forms it. */
export function newInstanceId(): string {
  return `mi-${randomBytes(9).toString('hex').slice(0, 17)}`;
}

function describe(one: Activation, now: number): object {
  return {
    ActivationId: one.activationId,
    ...(one.description === undefined ? {} : { Description: one.description }),
    ...(one.defaultInstanceName === undefined ? {} : { DefaultInstanceName: one.defaultInstanceName }),
    IamRole: one.iamRole,
    RegistrationLimit: one.registrationLimit,
    RegistrationsCount: one.registrationsCount,
    ExpirationDate: one.expiresAt / 1000,
    Expired: one.expiresAt <= now,
    CreatedDate: one.createdAt / 1000,
    Tags: toTags(one.tags),
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
