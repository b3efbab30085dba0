import { expect, test } from 'vitest';
import deployer from '../../docs/deployer-policy.json' with { type: 'json' };
import { account, region } from './physical.ts';
import { allowed } from './simulate.ts';

const role = { arn: `arn:aws:iam::${account}:role/Deployer`, policies: [deployer] };
const mayTake = (name: string) =>
  allowed(role, { action: 'sts:AssumeRole', resource: `arn:aws:iam::${account}:role/${name}` });

// The names that aws-cdk's bootstrap template gives (RoleName).
test.each(['deploy', 'file-publishing', 'lookup'])('whoever deploys may take the bootstrap’s %s role', async (what) => {
  expect(await mayTake(`cdk-hnb659fds-${what}-role-${account}-${region}`)).toBe(true);
});

test.each([
  // CloudFormation's own: nobody else may do all that it does.
  `cdk-hnb659fds-cfn-exec-role-${account}-${region}`,
  `cdk-hnb659fds-image-publishing-role-${account}-${region}`,
  'RunnerPilot-prod-Service-RunnerPilotTelemetryRole-1',
  'Admin',
])('whoever deploys may not take the role %s', async (name) => {
  expect(await mayTake(name)).toBe(false);
});

test('whoever deploys may do nothing else by themselves', () => {
  expect(deployer.Statement.map(({ Action }) => Action)).toEqual(['sts:AssumeRole']);
});
