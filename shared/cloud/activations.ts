import { CreateActivationCommand, type SSMClient } from '@aws-sdk/client-ssm';

/** Whose machine is to be registered. */
export interface ActivationDraft {
  readonly organization: string;
  readonly node: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** What `amazon-ssm-agent -register` takes. */
export interface Activation {
  readonly id: string;
  readonly code: string;
}

/** What activations are made with. */
export interface ActivationOptions {
  /** The name of the role that the machine gets. */
  readonly role: string;
  /** Only machines with our stage's tag can be rung. */
  readonly stage: string;
}

/** Registers machines with SSM: each activation is good for one machine. */
export const openActivations = (client: SSMClient, { role, stage }: ActivationOptions) => ({
  async create({ organization, node, expiresAt }: ActivationDraft): Promise<Activation> {
    const { ActivationId, ActivationCode } = await client.send(
      new CreateActivationCommand({
        IamRole: role,
        RegistrationLimit: 1,
        DefaultInstanceName: node,
        ExpirationDate: new Date(expiresAt),
        Tags: [
          { Key: 'runner-pilot:stage', Value: stage },
          { Key: 'runner-pilot:organization', Value: organization },
          { Key: 'runner-pilot:node', Value: node },
        ],
      }),
    );
    if (!ActivationId || !ActivationCode) throw new Error('SSM has answered without an activation.');
    return { id: ActivationId, code: ActivationCode };
  },
});
