import { DescribeActivationsCommand, DescribeInstanceInformationCommand, SSMClient } from '@aws-sdk/client-ssm';
import { expect, test } from 'vitest';
import { openActivations } from '#cloud/activations.ts';
import { openRegistrations } from '#cloud/registrations.ts';
import { startAws } from '#test/local/aws/server.ts';

const role = 'NodeRole';
const stage = 'test';
const expiresAt = Date.now() + 3_600_000;

async function opened() {
  const aws = await startAws();
  const client = new SSMClient(aws.client);
  const activations = openActivations(client, { role, stage });
  const registered = async () => {
    const { InstanceInformationList = [] } = await client.send(new DescribeInstanceInformationCommand({}));
    return InstanceInformationList.flatMap(({ InstanceId = '' }) =>
      InstanceId === aws.ssm.instanceId ? [] : InstanceId,
    );
  };
  /** A machine that has used the activation which its node was enrolled with. */
  const machine = async (node: string, of = activations) => {
    const { id, code } = await of.create({ organization: 'gt', node, expiresAt });
    return aws.ssm.register({ activation: { activationId: id, code } }).instanceId;
  };
  return {
    client,
    activations,
    registered,
    machine,
    registrations: openRegistrations(client, stage),
    [Symbol.asyncDispose]: () => aws[Symbol.asyncDispose](),
  };
}

test('removing a node deregisters its machine, and no other', async () => {
  await using ssm = await opened();
  await ssm.machine('node-1');
  const other = await ssm.machine('node-2');

  await ssm.registrations.remove('node-1');

  expect(await ssm.registered()).toEqual([other]);
});

test('a machine of the same node in another stage stays', async () => {
  await using ssm = await opened();
  const foreign = await ssm.machine('node-1', openActivations(ssm.client, { role, stage: 'other' }));

  await ssm.registrations.remove('node-1');

  expect(await ssm.registered()).toEqual([foreign]);
});

test('an activation that nobody has used yet is good for nothing any more', async () => {
  await using ssm = await opened();
  await ssm.activations.create({ organization: 'gt', node: 'node-1', expiresAt });
  await ssm.activations.create({ organization: 'gt', node: 'node-2', expiresAt });

  await ssm.registrations.remove('node-1');

  const { ActivationList = [] } = await ssm.client.send(new DescribeActivationsCommand({}));
  expect(ActivationList.map(({ DefaultInstanceName }) => DefaultInstanceName)).toEqual(['node-2']);
});

test('what is not there is no error: a second removal finds nothing', async () => {
  await using ssm = await opened();

  await ssm.registrations.remove('node-1');
  await ssm.registrations.remove('node-1');

  expect(await ssm.registered()).toEqual([]);
});

test('all machines are counted, page by page', async () => {
  await using ssm = await opened();
  for (let n = 0; n < 55; n += 1) await ssm.machine(`node-${n}`);

  // This machine is one too.
  expect(await ssm.registrations.count()).toBe(56);
});
