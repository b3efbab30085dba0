import * as z from 'zod';
import { openLines } from '../aws/lines.ts';

const Status = z.enum(['Pending', 'InProgress', 'Success', 'Failed', 'TimedOut']);

/** What became of a command on one instance. */
const Invocation = z.strictObject({
  instanceId: z.string(),
  status: Status,
  statusDetails: z.string(),
  responseCode: z.int().default(-1),
  startedAt: z.int().optional(),
  endedAt: z.int().optional(),
  stdout: z.string().default(''),
  stderr: z.string().default(''),
});
export type Invocation = z.output<typeof Invocation>;

const Sent = z.strictObject({
  id: z.uuid(),
  documentName: z.string(),
  documentVersion: z.string(),
  comment: z.string(),
  requestedAt: z.int(),
  deliverySeconds: z.int(),
  expiresAt: z.int(),
  maxConcurrency: z.string(),
  maxErrors: z.string(),
  instanceIds: z.array(z.string()),
});

/** A command, and what became of it on each of its instances. */
export type Command = z.output<typeof Sent> & { readonly invocations: Map<string, Invocation> };

const Entry = z.union([z.strictObject({ sent: Sent }), z.strictObject({ id: z.uuid(), changed: Invocation })]);

/** The commands of the last 30 days, in plain text, as AWS keeps them. */
export interface History {
  /** Oldest first. */
  list(): Command[];
  find(id: string): Command | undefined;
  add(command: z.output<typeof Sent>): Command;
  /** Is on the disk when this returns. */
  change(command: Command, invocation: Invocation): void;
  close(): void;
}

const keptMs = 30 * 24 * 3_600_000;
const keptCommands = 1_000;

/** Opens the history of a file. */
export function openHistory(path: string, now: () => number): History {
  const { lines, values } = openLines(path);
  const commands = new Map<string, Command>();
  for (const value of values) {
    const entry = Entry.parse(value);
    if ('sent' in entry) commands.set(entry.sent.id, withInvocations(entry.sent));
    else commands.get(entry.id)?.invocations.set(entry.changed.instanceId, entry.changed);
  }
  let written = values.length;
  forget();
  rewriteIfLong();

  function forget(): void {
    for (const command of commands.values()) {
      const over = commands.size > keptCommands || command.requestedAt < now() - keptMs;
      if (!over) return;
      if ([...command.invocations.values()].every(isOver)) commands.delete(command.id);
    }
  }

  function rewriteIfLong(): void {
    const live = [...commands.values()].reduce((sum, { invocations }) => sum + 1 + invocations.size, 0);
    if (written < 4 * live + 1_000) return;
    const entries = [...commands.values()].flatMap(({ invocations, ...sent }) => [
      { sent },
      ...[...invocations.values()].map((changed) => ({ id: sent.id, changed })),
    ]);
    lines.rewrite(entries);
    written = entries.length;
  }

  return {
    list: () => [...commands.values()],
    find: (id) => commands.get(id),
    add(sent) {
      lines.append({ sent });
      written += 1;
      const command = withInvocations(sent);
      commands.set(sent.id, command);
      forget();
      rewriteIfLong();
      return command;
    },
    change({ id, invocations }, invocation) {
      lines.append({ id, changed: invocation });
      written += 1;
      invocations.set(invocation.instanceId, invocation);
    },
    close: () => lines.close(),
  };
}

/** Whether nothing more will become of it. */
export function isOver({ status }: Invocation): boolean {
  return status !== 'Pending' && status !== 'InProgress';
}

function withInvocations(sent: z.output<typeof Sent>): Command {
  const pending = { status: 'Pending', statusDetails: 'Pending', responseCode: -1, stdout: '', stderr: '' } as const;
  return {
    ...sent,
    invocations: new Map(sent.instanceIds.map((instanceId) => [instanceId, { instanceId, ...pending }])),
  };
}
