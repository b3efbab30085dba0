import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { accessDenied, awsFault } from '../aws/fault.ts';
import { type Operation, operation } from '../aws/operation.ts';
import { describeCommand, statusOf } from './command-reply.ts';
import type { Dispatcher } from './dispatcher.ts';
import { type Document, executionSeconds } from './document.ts';
import type { Command, History } from './history.ts';
import { pageInput, paginate } from './paging.ts';
import type { Registry } from './registry.ts';

// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html

const InstanceId = z.string().regex(/^(i-(\w{8}|\w{17})|mi-\w{17})$/);
const CommandId = z.string().length(36);

/** What the operations on commands need. */
export interface CommandsOptions {
  readonly registry: Registry;
  readonly history: History;
  readonly dispatcher: Dispatcher;
  readonly documents: ReadonlyMap<string, Document>;
  /** Only instances with this tag may be rung. */
  readonly tag: { readonly key: string; readonly value: string };
  readonly arnPrefix: string;
  readonly throttle: () => void;
  readonly now: () => number;
}

/** SendCommand: only our documents, only on our stage's instances, and all of them or none. */
export function sendCommand(options: CommandsOptions): Operation {
  const { registry, history, dispatcher, documents, tag, arnPrefix, throttle, now } = options;
  const Input = z.object({
    DocumentName: z.string().min(1),
    DocumentVersion: z.enum(['$DEFAULT', '$LATEST', '1']).default('$DEFAULT'),
    InstanceIds: z.array(InstanceId).max(50).default([]),
    Parameters: z.record(z.string(), z.array(z.string())).default({}),
    TimeoutSeconds: z.int().min(30).max(2_592_000).default(3600),
    Comment: z.string().max(100).default(''),
    MaxConcurrency: z
      .string()
      .regex(/^([1-9]\d*|[1-9]\d?%|100%)$/)
      .default('50'),
    MaxErrors: z
      .string()
      .regex(/^(\d+|\d{1,2}%|100%)$/)
      .default('0'),
  });
  return operation(Input, documentArn, (input, caller) => {
    const document = documents.get(input.DocumentName);
    if (!document) throw accessDenied(caller.arn, 'ssm:SendCommand', documentArn(input), 'identity-based policy');
    throttle();
    const ids = input.InstanceIds;
    if (ids.length === 0) throw awsFault('InvalidInstanceId', 'InstanceIds must name at least one managed node.');
    if (new Set(ids).size < ids.length) throw awsFault('DuplicateInstanceId');
    const unknown = ids.filter((id) => !registry.instances.has(id));
    if (unknown.length > 0) {
      const account = arnPrefix.split(':')[4];
      throw awsFault(
        'InvalidInstanceId',
        `Instances [[${unknown.join(', ')}]] not in a valid state for account ${account}`,
      );
    }
    const foreign = ids.find((id) => registry.instances.get(id)?.tags[tag.key] !== tag.value);
    if (foreign !== undefined) {
      const arn = `${arnPrefix}:managed-instance/${foreign}`;
      throw accessDenied(caller.arn, 'ssm:SendCommand', arn, 'identity-based policy');
    }
    const [undeclared] = Object.keys(input.Parameters);
    if (undeclared !== undefined) {
      const why = `Invalid parameters: ${undeclared} is not declared by the document ${input.DocumentName}`;
      throw awsFault('InvalidParameters', why);
    }
    const command = history.add({
      id: randomUUID(),
      documentName: input.DocumentName,
      documentVersion: input.DocumentVersion,
      comment: input.Comment,
      requestedAt: now(),
      deliverySeconds: input.TimeoutSeconds,
      expiresAt: now() + (input.TimeoutSeconds + executionSeconds(document)) * 1000,
      maxConcurrency: input.MaxConcurrency,
      maxErrors: input.MaxErrors,
      instanceIds: ids,
    });
    dispatcher.dispatch(command);
    return { Command: describeCommand(command) };
  });

  /** AWS's own documents belong to no account. */
  function documentArn({ DocumentName }: { DocumentName: string }): string {
    const prefix = DocumentName.startsWith('AWS') ? arnPrefix.split(':').slice(0, 4).join(':').concat(':') : arnPrefix;
    return `${prefix}:document/${DocumentName}`;
  }
}

/** ListCommands, newest first. */
export function listCommands({ history, arnPrefix }: CommandsOptions): Operation {
  const Filter = z.strictObject({
    key: z.enum(['InvokedAfter', 'InvokedBefore', 'Status', 'DocumentName']),
    value: z.string().min(1).max(128),
  });
  const Input = z.object({
    CommandId: CommandId.optional(),
    InstanceId: InstanceId.optional(),
    Filters: z.array(Filter).min(1).max(5).default([]),
    ...pageInput(1, 50),
  });
  return operation(
    Input,
    () => `${arnPrefix}:*`,
    (input) => {
      if (input.CommandId !== undefined && !history.find(input.CommandId)) throw awsFault('InvalidCommandId');
      const passes = (command: Command): boolean =>
        input.Filters.every(({ key, value }) => {
          if (key === 'InvokedAfter') return command.requestedAt >= Date.parse(value);
          if (key === 'InvokedBefore') return command.requestedAt < Date.parse(value);
          return (key === 'Status' ? statusOf(command) : command.documentName) === value;
        });
      const matching = history
        .list()
        .filter(({ id, invocations }) => {
          const rightId = input.CommandId === undefined || id === input.CommandId;
          return rightId && (input.InstanceId === undefined || invocations.has(input.InstanceId));
        })
        .filter(passes)
        .reverse();
      const { items, next } = paginate(matching, ({ id }) => id, input);
      return { Commands: items.map(describeCommand), ...next };
    },
  );
}

/** GetCommandInvocation: what a command did on one instance. */
export function getCommandInvocation({ history, documents, arnPrefix }: CommandsOptions): Operation {
  const Input = z.object({ CommandId, InstanceId, PluginName: z.string().min(4).optional() });
  return operation(
    Input,
    () => `${arnPrefix}:*`,
    (input) => {
      const command = history.find(input.CommandId);
      const invocation = command?.invocations.get(input.InstanceId);
      if (!command || !invocation) throw awsFault('InvocationDoesNotExist');
      const steps = documents.get(command.documentName)?.mainSteps ?? [];
      if (input.PluginName !== undefined && !steps.some(({ name }) => name === input.PluginName)) {
        throw awsFault('InvalidPluginName');
      }
      const iso = (time: number | undefined): string => (time === undefined ? '' : new Date(time).toISOString());
      const { startedAt, endedAt } = invocation;
      const elapsed = startedAt === undefined || endedAt === undefined ? '' : `PT${(endedAt - startedAt) / 1000}S`;
      return {
        CommandId: command.id,
        InstanceId: invocation.instanceId,
        Comment: command.comment,
        DocumentName: command.documentName,
        DocumentVersion: command.documentVersion,
        PluginName: input.PluginName ?? steps[0]?.name ?? '',
        ResponseCode: invocation.responseCode,
        ExecutionStartDateTime: iso(startedAt),
        ExecutionElapsedTime: elapsed,
        ExecutionEndDateTime: iso(endedAt),
        Status: invocation.status,
        StatusDetails: invocation.statusDetails,
        StandardOutputContent: invocation.stdout,
        StandardOutputUrl: '',
        StandardErrorContent: invocation.stderr,
        StandardErrorUrl: '',
        CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
      };
    },
  );
}
