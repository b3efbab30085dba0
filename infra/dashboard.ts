import { Duration } from 'aws-cdk-lib';
import { Dashboard, GraphWidget, type IMetric, Metric, Row } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { Sli } from '#runtime/services/metrics.ts';
import { sli, type Watched } from './alarms.ts';
import type { Stage } from './stage.ts';

const five = Duration.minutes(5);

/** One page: does it do its work, does it answer, what is it near the end of. */
export function createDashboard(scope: Construct, stage: Stage, { apiId, tableName }: Watched): void {
  const latency = (name: Sli): IMetric[] => ['p50', 'p99'].map((each) => sli(stage, name, each, five));
  const graph = (title: string, left: IMetric[]): GraphWidget => new GraphWidget({ title, left, width: 8 });
  const of = (namespace: string, dimensionsMap: Record<string, string>) => (metricName: string, statistic: string) =>
    new Metric({ namespace, metricName, dimensionsMap, statistic, period: five });
  const api = of('AWS/ApiGateway', { ApiId: apiId });
  const table = of('AWS/DynamoDB', { TableName: tableName });
  const lambda = of('AWS/Lambda', {});

  const dashboard = new Dashboard(scope, 'Dashboard', {
    dashboardName: `RunnerPilot-${stage.name}`,
    defaultInterval: Duration.hours(12),
  });
  dashboard.addWidgets(
    new Row(
      graph('Create to running', latency('create_to_running')),
      graph('Create to listening', latency('create_to_listening')),
      graph('Delete to gone', latency('delete_to_gone')),
    ),
    new Row(
      graph('Oldest due row', [sli(stage, 'due_age', 'Maximum')]),
      graph('Should be zero', [
        sli(stage, 'deleting_overdue', 'Maximum', five),
        sli(stage, 'orphans', 'Sum', five),
        sli(stage, 'claims_after_start', 'Sum', five),
      ]),
      graph('GitHub budget left', [sli(stage, 'github_budget_left', 'Minimum', five)]),
    ),
    new Row(
      graph('Requests', [api('Count', 'Sum'), api('4xx', 'Sum'), api('5xx', 'Sum')]),
      graph('Latency', [api('Latency', 'p50'), api('Latency', 'p99')]),
      graph('Machines with a bell', [sli(stage, 'hybrid_nodes', 'Maximum', Duration.hours(1))]),
    ),
    new Row(
      graph('Capacity used', [table('ConsumedReadCapacityUnits', 'Sum'), table('ConsumedWriteCapacityUnits', 'Sum')]),
      graph('Account: functions at once', [lambda('ConcurrentExecutions', 'Maximum')]),
      graph('Throttled', [
        lambda('Throttles', 'Sum'),
        table('ReadThrottleEvents', 'Sum'),
        table('WriteThrottleEvents', 'Sum'),
      ]),
    ),
  );
}
