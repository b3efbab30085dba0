import {
  DeleteActivationCommand,
  DeregisterManagedInstanceCommand,
  DescribeActivationsCommand,
  DescribeInstanceInformationCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';

/** Machines that are registered with SSM for a node, by the tags of the activation: never by what a node says. */
export const openRegistrations = (client: SSMClient, stage: string) => ({
  /** Ends what lets a node's machine be rung: activations that are still good, and its registration. */
  async remove(node: string): Promise<void> {
    const { ActivationList = [] } = await client.send(
      new DescribeActivationsCommand({ Filters: [{ FilterKey: 'DefaultInstanceName', FilterValues: [node] }] }),
    );
    for (const { ActivationId } of ActivationList) await client.send(new DeleteActivationCommand({ ActivationId }));
    const { InstanceInformationList = [] } = await client.send(
      new DescribeInstanceInformationCommand({
        Filters: [
          { Key: 'tag:runner-pilot:stage', Values: [stage] },
          { Key: 'tag:runner-pilot:node', Values: [node] },
        ],
      }),
    );
    for (const { InstanceId } of InstanceInformationList) {
      await client.send(new DeregisterManagedInstanceCommand({ InstanceId }));
    }
  },

  /** How many machines are registered by activations, in the whole account and region: that is what AWS counts. */
  async count(): Promise<number> {
    let count = 0;
    let NextToken: string | undefined;
    do {
      const page = await client.send(
        new DescribeInstanceInformationCommand({
          Filters: [{ Key: 'ResourceType', Values: ['ManagedInstance'] }],
          MaxResults: 50,
          NextToken,
        }),
      );
      count += page.InstanceInformationList?.length ?? 0;
      NextToken = page.NextToken;
    } while (NextToken);
    return count;
  },
});
