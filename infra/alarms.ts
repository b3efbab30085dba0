import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { type Sli, sliNamespace } from '#runtime/services/metrics.ts';
import type { Stage } from './stage.ts';

/** What alarms look at besides the service's own figures. */
export interface Watched {
  readonly apiId: string;
  readonly tableName: string;
}

/** An alarm; docs/operations.md has a section of the same name: what it means, what to do. */
interface AlarmDescription {
  readonly name: string;
  readonly says: string;
  readonly metric: (stage: Stage, watched: Watched) => IMetric;
  readonly above?: number;
  readonly below?: number;
  /** Minutes in a row. @default 1 period */
  readonly periods?: number;
  /** @default nothing is wrong when nothing is said */
  readonly silenceIsWrong?: boolean;
}

/** A figure of the service. */
export const sli = (stage: Stage, metricName: Sli, statistic: string, period = Duration.minutes(1)): Metric =>
  new Metric({ namespace: sliNamespace, metricName, dimensionsMap: { stage: stage.name }, statistic, period });

const five = Duration.minutes(5);

/** Everything that wakes somebody. */
export const alarms: readonly AlarmDescription[] = [
  {
    name: 'DueAge',
    says: 'What is due is not looked at: the oldest row has waited for over two minutes, or the sweep says nothing.',
    metric: (stage) => sli(stage, 'due_age', 'Maximum'),
    above: 120,
    periods: 3,
    silenceIsWrong: true,
  },
  {
    name: 'DeletingOverdue',
    says: 'Instances have been deleting for over 15 minutes on a node that syncs.',
    metric: (stage) => sli(stage, 'deleting_overdue', 'Maximum'),
    above: 0,
    periods: 2,
  },
  {
    name: 'ServerErrors',
    says: 'The API answers 5xx.',
    metric: (_, { apiId }) =>
      new Metric({
        namespace: 'AWS/ApiGateway',
        metricName: '5xx',
        dimensionsMap: { ApiId: apiId },
        statistic: 'Sum',
        period: five,
      }),
    above: 4,
  },
  {
    name: 'FunctionsThrottled',
    // The account's figure and not each function's: what is used up is the account's concurrency.
    says: "Lambda refuses to start functions: the account's concurrency is used up.",
    metric: () => new Metric({ namespace: 'AWS/Lambda', metricName: 'Throttles', statistic: 'Sum', period: five }),
    above: 0,
  },
  {
    name: 'TableThrottled',
    says: 'DynamoDB refuses reads or writes of the table.',
    metric: (_, { tableName }) => {
      const of = (metricName: string): Metric =>
        new Metric({
          namespace: 'AWS/DynamoDB',
          metricName,
          dimensionsMap: { TableName: tableName },
          statistic: 'Sum',
          period: five,
        });
      return new MathExpression({
        expression: 'FILL(reads, 0) + FILL(writes, 0)',
        usingMetrics: { reads: of('ReadThrottleEvents'), writes: of('WriteThrottleEvents') },
        period: five,
      });
    },
    above: 0,
  },
  {
    name: 'ClaimsAfterStart',
    says: 'A start was claimed again after the instance had started: its container vanished, or a node was cloned.',
    metric: (stage) => sli(stage, 'claims_after_start', 'Sum', five),
    above: 0,
  },
  {
    name: 'Orphans',
    says: 'Agents have removed containers that nobody knew of.',
    metric: (stage) => sli(stage, 'orphans', 'Sum', five),
    above: 0,
  },
  {
    name: 'HybridNodes',
    says: 'Over 900 machines are registered with SSM; with the 1,001st all of them cost about $5 a month.',
    metric: (stage) => sli(stage, 'hybrid_nodes', 'Maximum', Duration.hours(1)),
    above: 900,
  },
  {
    name: 'GithubBudget',
    says: "Less than a tenth of a GitHub credential's requests for this hour is left.",
    metric: (stage) => sli(stage, 'github_budget_left', 'Minimum', five),
    below: 10,
  },
];

/** Makes every alarm, and tells the stage's address of them. */
export function createAlarms(scope: Construct, stage: Stage, watched: Watched): void {
  const action = stage.alarmEmail ? new SnsAction(createTopic(scope, stage.alarmEmail)) : undefined;
  for (const { name, says, metric, above, below, periods = 1, silenceIsWrong = false } of alarms) {
    const alarm = new Alarm(scope, `${name}Alarm`, {
      alarmName: `RunnerPilot-${stage.name}-${name}`,
      alarmDescription: `${says} docs/operations.md#${name.toLowerCase()}`,
      metric: metric(stage, watched),
      threshold: above ?? below ?? 0,
      comparisonOperator:
        above === undefined ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: silenceIsWrong ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    if (!action) continue;
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
  }
}

/** A topic with a policy of its own has lost the default one, which lets the account's alarms publish. */
function createTopic(scope: Construct, email: string): Topic {
  const topic = new Topic(scope, 'Alarms', { enforceSSL: true });
  topic.addSubscription(new EmailSubscription(email));
  topic.grantPublish(
    new ServicePrincipal('cloudwatch.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  );
  return topic;
}
