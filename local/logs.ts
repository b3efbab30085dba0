import { join } from 'node:path';
import * as z from 'zod';
import { awsFault } from './aws/fault.ts';
import { operation } from './aws/operation.ts';
import type { AwsService } from './aws.ts';
import { checkBatch } from './logs/batch.ts';
import { type LogGroup, type LogStream, openCatalog } from './logs/catalog.ts';
import { describeGroups, describeStreams } from './logs/describe.ts';
import { arnsOf, GroupName, type GroupReference, StreamName } from './logs/names.ts';
import { filterLogEvents, getLogEvents } from './logs/read.ts';
import { applyRetention } from './logs/retention.ts';

/** What {@link openLogs} needs. */
export interface LogsOptions {
  /** The data folder: events are in its `logs`. */
  readonly dataFolder: string;
  readonly region: string;
  readonly accountId: string;
  readonly onError: (what: string, error: unknown) => void;
  readonly now?: () => number;
  /** Groups that are there from the start, as a deployment makes them: their names to how many days they keep. */
  readonly groups?: Readonly<Record<string, number>>;
}

const hourMs = 3_600_000;
const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** Amazon CloudWatch Logs, on disk. */
export function openLogs(options: LogsOptions): AwsService & { close(): Promise<void> } {
  const { dataFolder, region, accountId, onError, now = Date.now } = options;
  const catalog = openCatalog(join(dataFolder, 'logs'));
  const arns = arnsOf(region, accountId);
  let cleaning = Promise.resolve();
  for (const [name, days] of Object.entries(options.groups ?? {})) {
    if (!catalog.groups.has(name)) catalog.createGroup(name, now());
    const group = catalog.groups.get(name);
    if (group && group.retentionInDays === undefined) catalog.setRetention(group, days);
  }

  function clean(): void {
    cleaning = cleaning
      .then(() => applyRetention(catalog.groups.values(), now()))
      .catch((error: unknown) => onError('Expired log events could not be removed', error));
  }

  function groupOf(input: GroupReference): LogGroup {
    const group = catalog.groups.get(arns.groupNameOf(input));
    if (group) return group;
    throw awsFault('ResourceNotFoundException', 'The specified log group does not exist.');
  }

  function streamOf(input: GroupReference & { logStreamName: string }): LogStream {
    const stream = groupOf(input).streams.get(input.logStreamName);
    if (stream) return stream;
    throw awsFault('ResourceNotFoundException', 'The specified log stream does not exist.');
  }

  const operations = {
    CreateLogGroup: operation(z.object({ logGroupName: GroupName }), arns.group, ({ logGroupName }) => {
      if (catalog.groups.has(logGroupName)) {
        throw awsFault('ResourceAlreadyExistsException', 'The specified log group already exists');
      }
      catalog.createGroup(logGroupName, now());
      return {};
    }),

    PutRetentionPolicy: operation(
      z.object({
        logGroupName: GroupName,
        retentionInDays: z.int().refine((days) => retentionDays.includes(days), {
          error: `Member must satisfy enum value set: [${retentionDays.join(', ')}]`,
        }),
      }),
      arns.group,
      (input) => {
        catalog.setRetention(groupOf(input), input.retentionInDays);
        clean();
        return {};
      },
    ),

    CreateLogStream: operation(
      z.object({ logGroupName: GroupName, logStreamName: StreamName }),
      arns.stream,
      (input) => {
        const group = groupOf(input);
        if (group.streams.has(input.logStreamName)) {
          throw awsFault('ResourceAlreadyExistsException', 'The specified log stream already exists');
        }
        catalog.createStream(group, input.logStreamName, now());
        return {};
      },
    ),

    DeleteLogStream: operation(
      z.object({ logGroupName: GroupName, logStreamName: StreamName }),
      arns.stream,
      async (input) => {
        await catalog.removeStream(groupOf(input), streamOf(input));
        return {};
      },
    ),

    PutLogEvents: operation(
      z.object({
        logGroupName: GroupName,
        logStreamName: StreamName,
        logEvents: z
          .array(z.object({ timestamp: z.int().min(0), message: z.string().min(1) }))
          .min(1)
          .max(10_000),
        sequenceToken: z.string().optional(), // Ignored there too, since 2023.
      }),
      arns.stream,
      async (input) => {
        const stream = streamOf(input);
        const { accepted, rejected } = checkBatch(input.logEvents, now(), groupOf(input).retentionInDays);
        if (accepted.length > 0) await (await stream.events()).append(accepted, now());
        return rejected ? { rejectedLogEventsInfo: rejected } : {};
      },
    ),

    DescribeLogGroups: describeGroups(catalog, arns),
    DescribeLogStreams: describeStreams(groupOf, arns, now),
    GetLogEvents: getLogEvents(groupOf, streamOf, arns, now),
    FilterLogEvents: filterLogEvents(groupOf, arns, now),
  };

  clean();
  const timer = setInterval(clean, hourMs).unref();

  return {
    name: 'logs',
    api: { target: 'Logs_20140328' },
    invalidInput: 'InvalidParameterException',
    operations,
    async close() {
      clearInterval(timer);
      await cleaning;
      catalog.close();
    },
  };
}
