import { hostname, release } from 'node:os';
import * as z from 'zod';
import { awsFault } from '../aws/fault.ts';
import { type Operation, operation } from '../aws/operation.ts';
import type { Dispatcher } from './dispatcher.ts';
import { pageInput, paginate } from './paging.ts';
import type { ManagedInstance, Registry } from './registry.ts';

/** What the operations on instances need. */
export interface InstancesOptions {
  readonly registry: Registry;
  readonly dispatcher: Dispatcher;
  readonly platformType: string;
  readonly arnPrefix: string;
  readonly now: () => number;
}

/** DescribeInstanceInformation: every managed instance, online or not. */
export function describeInstanceInformation(options: InstancesOptions): Operation {
  const Filter = z.strictObject({ Key: z.string().min(1), Values: z.array(z.string().min(1)).min(1).max(100) });
  const Input = z.object({ Filters: z.array(Filter).default([]), ...pageInput(5, 50) });
  return operation(
    Input,
    () => `${options.arnPrefix}:*`,
    (input) => {
      const matching = [...options.registry.instances.values()]
        .map((instance) => ({ instance, shown: describe(instance, options) }))
        .filter(({ instance, shown }) => input.Filters.every((filter) => passes(filter, instance, shown)));
      const { items, next } = paginate(matching, ({ instance }) => instance.instanceId, input);
      return { InstanceInformationList: items.map(({ shown }) => shown), ...next };
    },
  );
}

/** DeregisterManagedInstance: it can't be rung any more. */
export function deregisterManagedInstance({ registry, dispatcher, arnPrefix }: InstancesOptions): Operation {
  const Input = z.object({ InstanceId: z.string().regex(/^mi-\w{17}$/) });
  return operation(
    Input,
    ({ InstanceId }) => `${arnPrefix}:managed-instance/${InstanceId}`,
    ({ InstanceId }) => {
      if (!registry.instances.delete(InstanceId)) {
        throw awsFault('InvalidInstanceId', `${InstanceId} is not registered.`);
      }
      dispatcher.disconnect(InstanceId);
      registry.save();
      return {};
    },
  );
}

function describe(instance: ManagedInstance, { dispatcher, platformType, now }: InstancesOptions) {
  const online = dispatcher.findAgent(instance.instanceId)?.isOnline() ?? false;
  return {
    InstanceId: instance.instanceId,
    PingStatus: online ? 'Online' : 'ConnectionLost',
    LastPingDateTime: (online ? now() : instance.registeredAt) / 1000,
    AgentVersion: '3.3.0.0',
    IsLatestVersion: true,
    PlatformType: platformType,
    PlatformName: platformType,
    PlatformVersion: release(),
    ...(instance.activationId === '' ? {} : { ActivationId: instance.activationId }),
    IamRole: instance.iamRole,
    RegistrationDate: instance.registeredAt / 1000,
    ResourceType: 'ManagedInstance',
    Name: instance.name,
    IPAddress: '127.0.0.1',
    ComputerName: hostname(),
  };
}

type Filter = { readonly Key: string; readonly Values: readonly string[] };

function passes({ Key, Values }: Filter, instance: ManagedInstance, shown: ReturnType<typeof describe>): boolean {
  if (Key.startsWith('tag:')) return Values.includes(instance.tags[Key.slice(4)] ?? '');
  if (Key === 'tag-key') return Values.some((key) => Object.hasOwn(instance.tags, key));
  if (Key === 'InstanceIds') return Values.includes(shown.InstanceId);
  if (Key === 'ActivationIds') return Values.includes(instance.activationId);
  if (Key === 'PingStatus') return Values.includes(shown.PingStatus);
  if (Key === 'PlatformTypes') return Values.includes(shown.PlatformType);
  if (Key === 'ResourceType') return Values.includes(shown.ResourceType);
  if (Key === 'IamRole') return Values.includes(shown.IamRole);
  throw awsFault('InvalidFilterKey');
}
