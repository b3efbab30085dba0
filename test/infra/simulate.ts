import { runSimulation } from '@cloud-copilot/iam-simulate';
import { account, physical } from './physical.ts';
import { ofType, type Property, type Synthesized } from './synth.ts';

/** A policy document, resolved. */
export interface PolicyDocument {
  readonly Version: string;
  readonly Statement: readonly Property[];
}

/** A request to AWS. */
export interface AwsRequest {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | string[]>>;
}

/** A role with what it may do. */
export interface SimulatedRole {
  readonly arn: string;
  readonly policies: readonly PolicyDocument[];
}

/** Every role of the service stack, by its logical id without the scope's name and hash. */
export function rolesOf(made: Synthesized): ReadonlyMap<string, SimulatedRole> {
  const { service } = physical(made);
  const policies = ofType(made.service, 'AWS::IAM::Policy');
  return new Map(
    ofType(made.service, 'AWS::IAM::Role').map(([id]) => {
      const attached = policies.filter(([, { Properties }]) => JSON.stringify(Properties.Roles).includes(`"${id}"`));
      return [
        id.replace(/^RunnerPilot/, '').replace(/[0-9A-F]{8}$/, ''),
        {
          arn: `arn:aws:iam::${account}:role/${id}`,
          policies: attached.map(([, { Properties }]) => service(Properties.PolicyDocument ?? {}) as never),
        },
      ];
    }),
  );
}

/** Whether a role may do something, as IAM would decide: its own policies, narrowed by a session's if there is one. */
export async function allowed(
  { arn, policies }: SimulatedRole,
  { action, resource, context = {} }: AwsRequest,
  sessionPolicy?: PolicyDocument,
): Promise<boolean> {
  const name = arn.split('/').at(-1);
  const result = await runSimulation(
    {
      request: {
        principal: sessionPolicy ? `arn:aws:sts::${account}:assumed-role/${name}/session` : arn,
        action,
        resource: { resource, accountId: account },
        contextVariables: { ...context },
      },
      identityPolicies: policies.map((policy, index) => ({ name: `policy-${index}`, policy })),
      ...(sessionPolicy && { sessionPolicy }),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      // KMS asks the key's own policy too: that of CDK's keys leaves it to IAM.
      ...(action.startsWith('kms:') && {
        resourcePolicy: {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' },
          ],
        },
      }),
    },
    {},
  );
  if (result.resultType === 'error') throw new Error(`${action} on ${resource}: ${JSON.stringify(result.errors)}`);
  return result.overallResult === 'Allowed';
}
