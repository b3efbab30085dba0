import * as z from 'zod';
import { awsFault } from '../aws/fault.ts';

export const GroupName = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[.\-_/#A-Za-z0-9]+$/);

export const StreamName = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^:*]*$/);

/** The name of a group, or its name or ARN. */
export const groupReference = {
  logGroupName: GroupName.optional(),
  logGroupIdentifier: z
    .string()
    .min(1)
    .max(2048)
    .regex(/^[\w#+=/:,.@-]*$/)
    .optional(),
};
export interface GroupReference {
  readonly logGroupName?: string | undefined;
  readonly logGroupIdentifier?: string | undefined;
}

/** How the ARNs of groups and streams are made here. */
export interface Arns {
  groupNameOf(input: GroupReference): string;
  group(input: GroupReference): string;
  stream(input: GroupReference & { logStreamName: string }): string;
}

export function arnsOf(region: string, accountId: string): Arns {
  const prefix = `arn:aws:logs:${region}:${accountId}:log-group:`;

  function groupNameOf({ logGroupName, logGroupIdentifier }: GroupReference): string {
    if ((logGroupName === undefined) === (logGroupIdentifier === undefined)) {
      const why = 'Must specify exactly one of logGroupName and logGroupIdentifier';
      throw awsFault('InvalidParameterException', why);
    }
    const name = logGroupName ?? logGroupIdentifier ?? '';
    return name.startsWith(prefix) ? name.slice(prefix.length).replace(/:\*$/, '') : name;
  }

  return {
    groupNameOf,
    group: (input) => `${prefix}${groupNameOf(input)}`,
    stream: (input) => `${prefix}${groupNameOf(input)}:log-stream:${input.logStreamName}`,
  };
}
