import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AddTagsToResourceCommand,
  CreateActivationCommand,
  type CreateActivationCommandInput,
  DeleteActivationCommand,
  DeregisterManagedInstanceCommand,
  DescribeActivationsCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandsCommand,
  ListTagsForResourceCommand,
  SendCommandCommand,
  type SendCommandCommandInput,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { expect, test } from 'vitest';
import { openHistory } from '#local/ssm/history.ts';
import { accountId, documentName, region, shellDocument, startAws, until } from '#test/local/aws/server.ts';

type Aws = Awaited<ReturnType<typeof startAws>>;

const clients = new WeakMap<Aws, SSMClient>();
function client(aws: Aws): SSMClient {
  const known = clients.get(aws) ?? new SSMClient(aws.client);
  clients.set(aws, known);
  return known;
}
const documents = (script: string, timeoutSeconds?: number) => ({
  documents: { [documentName]: shellDocument(script, timeoutSeconds) },
});

async function send(aws: Aws, input: Partial<SendCommandCommandInput> = {}): Promise<string> {
  const ids = { DocumentName: documentName, InstanceIds: [aws.ssm.instanceId], ...input };
  const { Command } = await client(aws).send(new SendCommandCommand(ids));
  return Command?.CommandId ?? '';
}

const look = (aws: Aws, CommandId: string, InstanceId = aws.ssm.instanceId) =>
  client(aws).send(new GetCommandInvocationCommand({ CommandId, InstanceId }));

const outcome = (aws: Aws, id: string, instanceId?: string) =>
  until(async () => {
    const seen = await look(aws, id, instanceId);
    return seen.Status !== 'Pending' && seen.Status !== 'InProgress' && seen;
  });

const describe = async (aws: Aws, Filters: { Key: string; Values: string[] }[] = []) =>
  (await client(aws).send(new DescribeInstanceInformationCommand({ Filters }))).InstanceInformationList ?? [];

test('a command really runs, in the environment that was given and no other', async () => {
  await using aws = await startAws({
    ssm: {
      ...documents('echo "$GREETING, $0, $(id -u), $(printenv HOME || echo no home)"; echo oops >&2'),
      environment: { PATH: process.env.PATH ?? '', GREETING: 'hello' },
    },
  });

  const seen = await outcome(aws, await send(aws, { Comment: 'look' }));

  expect(seen).toMatchObject({
    Status: 'Success',
    StatusDetails: 'Success',
    ResponseCode: 0,
    Comment: 'look',
    PluginName: 'sync',
  });
  expect(seen.StandardOutputContent).toBe(`hello, /bin/sh, ${process.getuid?.()}, no home\n`);
  expect(seen.StandardErrorContent).toBe('oops\n');
});

test('a command that fails shows its exit code, and what it has said', async () => {
  await using aws = await startAws({ ssm: documents('echo half; exit 7') });

  const seen = await outcome(aws, await send(aws));

  expect(seen).toMatchObject({ Status: 'Failed', ResponseCode: 7, StandardOutputContent: 'half\n' });
  expect(seen.StandardErrorContent).toBe('failed to run commands: exit status 7');
});

test('a command that takes too long is ended with everything that it has started', async () => {
  await using aws = await startAws({ ssm: documents('sleep 300 & echo $!; wait', 1) });

  const seen = await outcome(aws, await send(aws));

  expect(seen).toMatchObject({ Status: 'TimedOut', StatusDetails: 'ExecutionTimedOut' });
  const pid = Number(seen.StandardOutputContent);
  expect(pid).toBeGreaterThan(1);
  await until(() => !isRunning(pid));
});

test('a command that leaves something running is over when itself is', async () => {
  await using aws = await startAws({ ssm: documents('sleep 30 & echo $!') });

  const seen = await outcome(aws, await send(aws));

  expect(seen.Status).toBe('Success');
  expect(isRunning(Number(seen.StandardOutputContent))).toBe(true);
  process.kill(Number(seen.StandardOutputContent));
});

test('output is cut at 24,000 characters, and errors at 8,000', async () => {
  await using aws = await startAws({
    ssm: documents('head -c 600000 /dev/zero | tr "\\0" x; head -c 9000 /dev/zero | tr "\\0" y >&2'),
  });

  const seen = await outcome(aws, await send(aws));

  expect(seen.StandardOutputContent).toHaveLength(24_000);
  expect(seen.StandardOutputContent).toMatch(/^x+--output truncated--$/);
  expect(seen.StandardErrorContent).toHaveLength(8_000);
});

test('a step for another platform is skipped', async () => {
  const { mainSteps, ...document } = shellDocument('echo here') as { mainSteps: { name: string }[] };
  const elsewhere = { ...mainSteps[0], name: 'elsewhere', precondition: { StringEquals: ['platformType', 'Windows'] } };
  await using aws = await startAws({
    ssm: { documents: { [documentName]: { ...document, mainSteps: [elsewhere, ...mainSteps] } } },
  });

  const seen = await outcome(aws, await send(aws));

  expect(seen.Status).toBe('Success');
  expect(seen.StandardOutputContent).toMatch(/^Step execution skipped .*elsewhere.*here\n$/s);
});

test('an instance runs five commands at a time, and the rest wait', async () => {
  let [running, most] = [0, 0];
  const release: (() => void)[] = [];
  await using aws = await startAws();
  const { instanceId } = aws.ssm.register({
    execute: async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => release.push(resolve));
      running -= 1;
      return { status: 'Success', responseCode: 0, stdout: '', stderr: '' };
    },
  });
  const ids = await Promise.all(Array.from({ length: 12 }, () => send(aws, { InstanceIds: [instanceId] })));
  await until(() => running === 5);
  const states = async () =>
    (await Promise.all(ids.map((id) => look(aws, id, instanceId)))).map(({ Status }) => Status);
  expect((await states()).filter((status) => status === 'Pending')).toHaveLength(7);

  await until(async () => {
    release.splice(0).forEach((one) => void one());
    return (await states()).every((status) => status === 'Success');
  });

  expect(most).toBe(5);
});

test('only our documents may be sent', async () => {
  await using aws = await startAws();
  const user = `User: arn:aws:iam::${accountId}:user/runner-pilot is not authorized to perform: ssm:SendCommand on resource: `;
  const because = ' because no identity-based policy allows the ssm:SendCommand action';

  await expect(
    send(aws, { DocumentName: 'AWS-RunShellScript', Parameters: { commands: ['id'] } }),
  ).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: `${user}arn:aws:ssm:${region}::document/AWS-RunShellScript${because}`,
  });
  await expect(send(aws, { DocumentName: 'Other' })).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: `${user}arn:aws:ssm:${region}:${accountId}:document/Other${because}`,
  });
});

test('a machine without our stage’s tag may not be rung, and nobody is if one may not', async () => {
  await using aws = await startAws();
  const { instanceId } = aws.ssm.register({ tags: { 'runner-pilot:stage': 'production' } });

  await expect(send(aws, { InstanceIds: [aws.ssm.instanceId, instanceId] })).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringContaining(`arn:aws:ssm:${region}:${accountId}:managed-instance/${instanceId}`),
  });

  expect((await client(aws).send(new ListCommandsCommand({}))).Commands).toEqual([]);
});

test('one unknown id refuses the whole call', async () => {
  await using aws = await startAws();
  const unknown = `mi-${'0'.repeat(17)}`;

  await expect(send(aws, { InstanceIds: [aws.ssm.instanceId, unknown] })).rejects.toMatchObject({
    name: 'InvalidInstanceId',
    message: `Instances [[${unknown}]] not in a valid state for account ${accountId}`,
  });

  expect((await client(aws).send(new ListCommandsCommand({}))).Commands).toEqual([]);
});

test.each([
  ['parameters that the document does not declare', { Parameters: { x: ['y'] } }, 'InvalidParameters'],
  ['targets', { Targets: [{ Key: 'tag:a', Values: ['b'] }] }, 'ValidationException'],
  ['a time limit under 30 s', { TimeoutSeconds: 29 }, 'ValidationException'],
  ['what is no id', { InstanceIds: ['$(id)'] }, 'ValidationException'],
  ['no instance', { InstanceIds: [] }, 'InvalidInstanceId'],
  [
    '51 instances',
    { InstanceIds: Array.from({ length: 51 }, (_, n) => `mi-${String(n).padStart(17, '0')}`) },
    'ValidationException',
  ],
] as const)('a command with %s is refused', async (_what, input, name) => {
  await using aws = await startAws();

  await expect(send(aws, input as Partial<SendCommandCommandInput>)).rejects.toMatchObject({ name });
});

test('50 instances are rung by one command', async () => {
  await using aws = await startAws();
  const rung: string[] = [];
  const ids = Array.from({ length: 50 }, (_, n) =>
    aws.ssm.register({
      execute: async () => {
        rung.push(String(n));
        return { status: 'Success', responseCode: 0, stdout: String(n), stderr: '' };
      },
    }),
  ).map(({ instanceId }) => instanceId);

  const CommandId = await send(aws, { InstanceIds: ids });

  const done = await until(async () => {
    const [command] = (await client(aws).send(new ListCommandsCommand({ CommandId }))).Commands ?? [];
    return command?.Status === 'Success' && command;
  });
  expect(done).toMatchObject({ TargetCount: 50, CompletedCount: 50, ErrorCount: 0 });
  expect(new Set(rung).size).toBe(50);
  expect((await look(aws, CommandId, ids[49])).StandardOutputContent).toBe('49');
});

test('beyond the budget of commands a second, callers are throttled', async () => {
  let now = Date.now();
  await using aws = await startAws({ now: () => now, ssm: { commandsPerSecond: 3 } });
  const execute = async () => ({ status: 'Success', responseCode: 0, stdout: '', stderr: '' }) as const;
  const InstanceIds = [aws.ssm.register({ execute }).instanceId];
  for (let index = 0; index < 3; index += 1) await send(aws, { InstanceIds });

  await expect(send(aws, { InstanceIds })).rejects.toMatchObject({
    name: 'ThrottlingException',
    message: 'Rate exceeded',
  });

  now += 1_000;
  await send(aws, { InstanceIds });
});

test('a command waits for a machine that is offline, and times out if it stays away', async () => {
  let [now, online] = [Date.now(), false];
  await using aws = await startAws({ now: () => now });
  const { instanceId } = aws.ssm.register({
    isOnline: () => online,
    execute: async () => ({ status: 'Success', responseCode: 0, stdout: 'late', stderr: '' }),
  });
  const first = await send(aws, { InstanceIds: [instanceId], TimeoutSeconds: 30 });
  expect((await describe(aws, [{ Key: 'InstanceIds', Values: [instanceId] }]))[0]?.PingStatus).toBe('ConnectionLost');
  now += 30_000;
  expect(await outcome(aws, first, instanceId)).toMatchObject({
    Status: 'TimedOut',
    StatusDetails: 'DeliveryTimedOut',
    ResponseCode: -1,
  });
  const second = await send(aws, { InstanceIds: [instanceId], TimeoutSeconds: 30 });

  online = true;

  expect((await outcome(aws, second, instanceId)).StandardOutputContent).toBe('late');
});

test('the history and this machine’s id outlive a restart; what was pending runs, what was running has failed', async () => {
  const hang = { execute: () => new Promise<never>(() => {}) };
  const first = await startAws();
  const waiting = first.ssm.register({ isOnline: () => false });
  const done = await send(first);
  await outcome(first, done);
  const pending = await send(first, { InstanceIds: [waiting.instanceId] });
  const stuck = first.ssm.register(hang);
  const running = await send(first, { InstanceIds: [stuck.instanceId] });
  await until(async () => (await look(first, running, stuck.instanceId)).Status === 'InProgress');
  // As after a kill: nobody closes anything.

  await using second = await startAws({ dataFolder: first.dataFolder });
  second.ssm.connect(waiting.instanceId);

  expect(second.ssm.instanceId).toBe(first.ssm.instanceId);
  expect(first.ssm.instanceId).toMatch(/^mi-[0-9a-f]{17}$/);
  expect(await look(second, done)).toMatchObject({ Status: 'Success', StandardOutputContent: 'synced hello\n' });
  expect(await outcome(second, pending, waiting.instanceId)).toMatchObject({ Status: 'Success' });
  expect(await look(second, running, stuck.instanceId)).toMatchObject({ Status: 'Failed' });
  for (const name of ['commands.jsonl', 'registry.json']) {
    expect(statSync(join(second.dataFolder, 'ssm', name)).mode & 0o777).toBe(0o600);
  }
});

test('the history keeps 1,000 commands, newest first, and forgets older ones', async () => {
  let now = Date.now();
  await using aws = await startAws({ now: () => now, ssm: { commandsPerSecond: 10_000 } });
  const execute = async () => ({ status: 'Success', responseCode: 0, stdout: '', stderr: '' }) as const;
  const { instanceId } = aws.ssm.register({ execute });
  const InstanceIds = [instanceId];
  const ids: string[] = [];
  for (let index = 0; index < 1_005; index += 1) {
    now += 1;
    ids.push(await send(aws, { InstanceIds }));
  }

  await outcome(aws, ids.at(-1) ?? '', instanceId);
  await expect(look(aws, ids[0] ?? '', instanceId)).rejects.toMatchObject({ name: 'InvocationDoesNotExist' });
  const { Commands, NextToken } = await client(aws).send(new ListCommandsCommand({ MaxResults: 2 }));
  expect(Commands?.map(({ CommandId }) => CommandId)).toEqual([ids.at(-1), ids.at(-2)]);
  const next = await client(aws).send(new ListCommandsCommand({ MaxResults: 1, NextToken }));
  expect(next.Commands?.[0]?.CommandId).toBe(ids.at(-3));
  const lines = readFileSync(join(aws.dataFolder, 'ssm', 'commands.jsonl'), 'utf8').split('\n').length;
  expect(lines).toBeLessThan(10_000);
}, 60_000);

test('a command that is over is forgotten after 30 days, and one that is not is kept', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rp-history-'));
  const path = join(folder, 'commands.jsonl');
  const start = Date.now();
  let now = start;
  const sent = {
    documentName,
    documentVersion: '1',
    comment: 'canary',
    deliverySeconds: 30,
    expiresAt: 0,
    maxConcurrency: '50',
    maxErrors: '0',
  };
  const history = openHistory(path, () => now);
  const command = history.add({ ...sent, id: randomUUID(), requestedAt: start, instanceIds: ['mi-1'] });
  const pending = history.add({ ...sent, id: randomUUID(), requestedAt: start, instanceIds: ['mi-2'] });
  history.change(command, {
    instanceId: 'mi-1',
    status: 'Success',
    statusDetails: 'Success',
    responseCode: 0,
    stdout: '',
    stderr: '',
  });
  history.close();
  now = start + 30 * 24 * 3_600_000;
  expect(openHistory(path, () => now).list()).toHaveLength(2);

  now += 1;

  expect(
    openHistory(path, () => now)
      .list()
      .map(({ id }) => id),
  ).toEqual([pending.id]);
  rmSync(folder, { recursive: true });
});

test('an activation registers as many machines as it allows, with its tags, until it expires', async () => {
  let now = Date.now();
  await using aws = await startAws({ now: () => now });
  const ssm = client(aws);
  const create = (input: Partial<CreateActivationCommandInput> = {}) =>
    ssm.send(
      new CreateActivationCommand({
        IamRole: 'node',
        DefaultInstanceName: 'n1',
        Tags: [{ Key: 'runner-pilot:stage', Value: 'test' }],
        ...input,
      }),
    );
  const register = ({ ActivationId: activationId = '', ActivationCode: code = '' }) =>
    aws.ssm.register({ activation: { activationId, code } });
  const made = await create();

  const { instanceId } = register(made);

  expect(() => register(made)).toThrow('Invalid activation');
  const again = await create();
  expect(() => register({ ...again, ActivationCode: 'guessed' })).toThrow('Invalid activation');
  const [shown] = await describe(aws, [{ Key: 'ActivationIds', Values: [made.ActivationId ?? ''] }]);
  expect(shown).toMatchObject({ InstanceId: instanceId, Name: 'n1', ActivationId: made.ActivationId, IamRole: 'node' });
  await outcome(aws, await send(aws, { InstanceIds: [instanceId] }), instanceId);
  const filter = { FilterKey: 'ActivationIds' as const, FilterValues: [made.ActivationId ?? ''] };
  const { ActivationList } = await ssm.send(new DescribeActivationsCommand({ Filters: [filter] }));
  expect(ActivationList).toMatchObject([{ RegistrationsCount: 1, RegistrationLimit: 1, Expired: false }]);
  expect(readFileSync(join(aws.dataFolder, 'ssm', 'registry.json'), 'utf8')).not.toContain(made.ActivationCode);

  await ssm.send(new DeleteActivationCommand({ ActivationId: again.ActivationId }));
  expect(() => register(again)).toThrow('Invalid activation');
  await expect(ssm.send(new DeleteActivationCommand({ ActivationId: again.ActivationId }))).rejects.toMatchObject({
    name: 'InvalidActivation',
  });
  const late = await create({ ExpirationDate: new Date(now + 1_000) });
  now += 1_000;
  expect(() => register(late)).toThrow('Invalid activation');
  await expect(create({ ExpirationDate: new Date(now - 5_000) })).rejects.toMatchObject({ name: 'InvalidParameters' });
});

test('a deregistered machine can’t be rung', async () => {
  await using aws = await startAws();
  const { instanceId } = aws.ssm.register();
  const deregister = () => client(aws).send(new DeregisterManagedInstanceCommand({ InstanceId: instanceId }));

  await deregister();

  await expect(send(aws, { InstanceIds: [instanceId] })).rejects.toMatchObject({ name: 'InvalidInstanceId' });
  await expect(deregister()).rejects.toMatchObject({ name: 'InvalidInstanceId' });
});

test('tags are added, listed, and found', async () => {
  await using aws = await startAws();
  const ssm = client(aws);
  const resource = { ResourceType: 'ManagedInstance', ResourceId: aws.ssm.instanceId } as const;

  await ssm.send(
    new AddTagsToResourceCommand({
      ...resource,
      Tags: [
        { Key: 'a', Value: '1' },
        { Key: 'b', Value: '2' },
      ],
    }),
  );
  await ssm.send(new AddTagsToResourceCommand({ ...resource, Tags: [{ Key: 'a', Value: '3' }] }));

  const { TagList } = await ssm.send(new ListTagsForResourceCommand(resource));
  expect(TagList).toEqual([
    { Key: 'runner-pilot:stage', Value: 'test' },
    { Key: 'a', Value: '3' },
    { Key: 'b', Value: '2' },
  ]);
  expect(await describe(aws, [{ Key: 'tag:a', Values: ['3'] }])).toMatchObject([
    { InstanceId: aws.ssm.instanceId, PingStatus: 'Online' },
  ]);
  expect(await describe(aws, [{ Key: 'tag:a', Values: ['1'] }])).toEqual([]);
  const many = Array.from({ length: 50 }, (_, n) => ({ Key: `k${n}`, Value: '' }));
  await expect(ssm.send(new AddTagsToResourceCommand({ ...resource, Tags: many }))).rejects.toMatchObject({
    name: 'TooManyTagsError',
  });
  await expect(ssm.send(new ListTagsForResourceCommand({ ...resource, ResourceId: 'mi-x' }))).rejects.toMatchObject({
    name: 'InvalidResourceId',
  });
});

test('a document that goes beyond what is reproduced stops the start', async () => {
  const withParameters = { ...shellDocument('true'), parameters: { commands: { type: 'StringList' } } };

  await expect(startAws({ ssm: { documents: { [documentName]: withParameters } } })).rejects.toThrow(
    /can't run the document.*parameters/,
  );
});

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
