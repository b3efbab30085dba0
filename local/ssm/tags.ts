import * as z from 'zod';
import { awsFault } from '../aws/fault.ts';
import { type Operation, operation } from '../aws/operation.ts';
import type { Registry } from './registry.ts';

const TagKey = z
  .string()
  .min(1)
  .max(128)
  .regex(/^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u);
const Tag = z.strictObject({ Key: TagKey, Value: z.string().max(256) });

export const TagList = z.array(Tag).max(1000);
const tagLimit = 50;

/** AddTagsToResource, of a managed instance. */
export function addTagsToResource(registry: Registry, arnPrefix: string): Operation {
  const Input = z.object({ ResourceType: z.string(), ResourceId: z.string().min(1), Tags: TagList });
  return operation(
    Input,
    ({ ResourceId }) => `${arnPrefix}:managed-instance/${ResourceId}`,
    (input) => {
      const instance = find(registry, input);
      const tags = { ...instance.tags, ...fromTags(input.Tags) };
      if (Object.keys(tags).length > tagLimit) throw awsFault('TooManyTagsError');
      registry.instances.set(instance.instanceId, { ...instance, tags });
      registry.save();
      return {};
    },
  );
}

/** ListTagsForResource, of a managed instance. */
export function listTagsForResource(registry: Registry, arnPrefix: string): Operation {
  const Input = z.object({ ResourceType: z.string(), ResourceId: z.string().min(1) });
  return operation(
    Input,
    ({ ResourceId }) => `${arnPrefix}:managed-instance/${ResourceId}`,
    (input) => ({
      TagList: toTags(find(registry, input).tags),
    }),
  );
}

export function toTags(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

export function fromTags(tags: readonly { Key: string; Value: string }[]): Record<string, string> {
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}

function find(registry: Registry, { ResourceType, ResourceId }: { ResourceType: string; ResourceId: string }) {
  if (ResourceType !== 'ManagedInstance') throw awsFault('InvalidResourceType');
  const instance = registry.instances.get(ResourceId);
  if (!instance) throw awsFault('InvalidResourceId');
  return instance;
}
