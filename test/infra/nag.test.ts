import { type App, type Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import { appOf } from './synth.ts';

const check = (app: App) => () => {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
};

test('cdk-nag’s AwsSolutions finds nothing that is not acknowledged beside its reason', async () => {
  const { app } = await appOf({
    alarmEmail: 'infrastructure@example.com',
    domain: { name: 'runners.example.com', certificateArn: 'arn:aws:acm:eu-central-1:111122223333:certificate/1' },
    tracing: true,
    region: 'eu-central-1',
    account: '111122223333',
  });

  expect(check(app)).not.toThrow();
}, 60_000);

test('it would: a wildcard that nobody has acknowledged fails the synthesis', async () => {
  const { app } = await appOf();
  const stack = app.node.findChild('RunnerPilot-prod-Service') as Stack;
  new Role(stack, 'Open', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }).addToPolicy(
    new PolicyStatement({ actions: ['dynamodb:*'], resources: ['*'] }),
  );

  expect(check(app)).toThrow('AwsSolutions-IAM5[Action::dynamodb:*]');
}, 60_000);
