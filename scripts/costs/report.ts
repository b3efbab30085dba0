import { alarms } from '#infra/alarms.ts';
import { accessLogFormat } from '#infra/api.ts';
import type { Counted } from './count.ts';
import { asOf, monthSeconds, prices } from './prices.ts';

// Durations can't be counted without Lambda: these are estimates, of the medians that others have measured (a read of
// the table 5 ms, a transaction 25 ms, each from a function of this size) and our own work.
const readMs = 15;
const changeMs = 45;
const syncMs = 15;
/** A creation waits for its effect, 5 s at most: half of that. */
const createMs = 2500;
const memoryGb = 0.5;

/** How often a creation looks meanwhile, a read unit each. */
const createLooks = createMs / 250;

/** What API Gateway writes of each request in the stage's format, with usual values: of the longest route. */
const accessLogBytes = [
  ['$context.requestId', 'KxR2uhXxoAMEVzQ='],
  ['$context.routeKey', 'GET /org/{org_id}/runners/{runner_id}/instance/{instance_id}/metrics'],
  ['$context.status', '200'],
  ['$context.responseLatency', '1234'],
  ['$context.integrationLatency', '1234'],
  ['$context.integrationErrorMessage', '-'],
  ['$context.error.message', '-'],
  ['$context.responseLength', '12345'],
  ['$context.identity.sourceIp', '203.0.113.100'],
].reduce((format, [name = '', value = '']) => format.replace(name, value), accessLogFormat).length;
/** CloudWatch counts 26 bytes for each event besides its text. */
const eventBytes = 26;
const beatBytes = (instances: number): number => eventBytes + 26 + 40 * instances;

/** What one request costs, by what. */
interface Cost {
  readonly gateway: number;
  readonly lambda: number;
  readonly table: number;
  readonly logs: number;
  readonly egress: number;
}

const request = ({ rcu, wcu, logBytes, replyBytes }: Omit<Counted, 'step' | 'calls'>, ms: number): Cost => ({
  gateway: prices.gatewayRequest,
  lambda: prices.lambdaRequest + (ms / 1000) * memoryGb * prices.lambdaGbSecond,
  table: rcu * prices.readUnit + wcu * prices.writeUnit,
  logs: ((logBytes + accessLogBytes + 2 * eventBytes) / 1e9) * prices.logGb,
  egress: (replyBytes / 1e9) * prices.egressGb,
});
const total = ({ gateway, lambda, table, logs, egress }: Cost): number => gateway + lambda + table + logs + egress;
const mean = (costs: readonly Cost[]): Cost => {
  const of = (what: keyof Cost): number => costs.reduce((sum, cost) => sum + cost[what], 0) / costs.length;
  return { gateway: of('gateway'), lambda: of('lambda'), table: of('table'), logs: of('logs'), egress: of('egress') };
};

const reads = [
  'me',
  'list organizations',
  'get organization',
  'list nodes',
  'get node',
  'list runners',
  'get runner',
].concat(['list instances', 'get instance', 'overview', 'logs before any']);
const changes = ['change organization', 'change node', 'change runner', 'create node', 'create runner'];
/** The requests of one instance's life; its job begins and ends by two more reports. */
const life = ['create instance', 'told to run', 'claim', 'running', 'listening', 'running', 'running'].concat([
  'delete instance',
  'told to go',
  'gone',
]);

/** What all of it comes to. */
export interface Totals {
  readonly idleStage: number;
  readonly millionADay: number;
  readonly busyNode: number;
  readonly belllessNode: number;
  readonly idleNode: number;
  readonly thousandLives: number;
}

/** A line of the idle stage's bill. */
const idle = (counted: readonly Counted[]): readonly [what: string, cost: number][] => {
  const sweep = find(counted, 'sweep');
  const runs = monthSeconds / 60;
  const run = prices.lambdaRequest + (readMs / 1000) * memoryGb * prices.lambdaGbSecond + prices.event;
  return [
    ['KMS keys: one that signs, one that wraps', 2 * prices.keyMonth],
    [`${alarms.length} alarms on ${alarms.length + 1} metrics`, (alarms.length + 1) * prices.alarmMetricMonth],
    ['figures that are written without traffic: due age, machines counted', 2 * prices.metricMonth],
    ['the sweep, once a minute', runs * (run + sweep.rcu * prices.readUnit + sweep.wcu * prices.writeUnit)],
    ['its log', ((runs * (sweep.logBytes + eventBytes)) / 1e9) * prices.logGb],
  ];
};

function find(counted: readonly Counted[], step: string): Counted {
  const found = counted.find((one) => one.step === step);
  if (!found) throw new Error(`The tour has no step "${step}".`);
  return found;
}

/** The sums, from what was counted. */
export function totalsOf(counted: readonly Counted[]): Totals {
  const cost = (step: string, ms: number): Cost => request(find(counted, step), ms);
  const read = mean(reads.map((step) => cost(step, readMs)));
  const change = mean(changes.map((step) => cost(step, changeMs)));
  const sync = total(cost('last sync', syncMs)) + prices.writeUnit;
  const telemetry = (monthSeconds / 720) * total(cost('telemetry credentials', readMs));
  const node = (everySeconds: number, instances: number): number => {
    const beats = instances === 0 ? 0 : monthSeconds / 15;
    return (
      (monthSeconds / everySeconds) * sync +
      ((beats * beatBytes(instances)) / 1e9) * prices.logGb +
      (instances === 0 ? 0 : telemetry)
    );
  };
  const msOf = (step: string): number => (step === 'create instance' ? createMs : changeMs);
  return {
    idleStage: idle(counted).reduce((sum, [, part]) => sum + part, 0),
    millionADay: 30 * 1e6 * (0.9 * total(read) + 0.1 * total(change)),
    busyNode: node(60, 2),
    belllessNode: node(15, 2),
    idleNode: node(300, 0),
    thousandLives:
      1000 * (createLooks * prices.readUnit + life.reduce((sum, step) => sum + total(cost(step, msOf(step))), 0)),
  };
}

const dollars = (amount: number, digits = 2): string => `$${amount.toFixed(digits)}`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** The document. */
export function costsDocument(counted: readonly Counted[]): string {
  const totals = totalsOf(counted);
  const goal = (what: string, amount: number, limit: number, digits = 2): readonly string[] => [
    what,
    dollars(amount, digits),
    `≤ ${dollars(limit)}`,
    amount <= limit ? 'yes' : '**no**',
  ];
  const parts = (steps: readonly string[], ms: number): Cost =>
    mean(steps.map((step) => request(find(counted, step), ms)));
  const perMillion = (name: string, cost: Cost): readonly string[] => [
    name,
    ...[cost.gateway, cost.lambda, cost.table, cost.logs, cost.egress, total(cost)].map((one) => dollars(one * 1e6)),
  ];
  return `# What it costs

Written by \`npm run costs\`: the capacity of the table and the bytes of the logs are counted, by walking through the API in local mode with the engine's own reckoning of units; the prices are AWS's list prices in us-east-1 as they were known in ${asOf} (\`scripts/costs/prices.ts\` names the page of each: compare before you rely on them), without free tiers. Durations can't be counted without Lambda and are estimates: ${readMs} ms for a read, ${changeMs} ms for a change, ${createMs / 1000} s for a creation that waits for its effect, with 512 MB. Taxes, support and GitHub's own prices are not in it.

## Against the goals

${table(
  ['what', 'a month', 'goal', 'met'],
  [
    goal('a stage that nobody uses', totals.idleStage, 7),
    goal('a million calls a day (90 % reads)', totals.millionADay, 80),
    goal('a busy node with a bell: syncs each minute, beats of two instances', totals.busyNode, 0.15, 3),
    goal('a busy node without a bell: syncs each 15 s', totals.belllessNode, 0.45, 3),
    goal('an idle node with a bell: syncs each 5 min', totals.idleNode, 0.03, 3),
    goal('1,000 lives of instances, their nodes’ reports included (not a month)', totals.thousandLives, 0.05, 3),
  ],
)}

## A stage that nobody uses

${table(
  ['what', 'a month'],
  idle(counted).map(([what, cost]) => [what, dollars(cost)]),
)}

The dashboard is free among the first three of an account, then ${dollars(prices.dashboardMonth)} a month (\`"dashboard": false\`). Each figure that is written with traffic is ${dollars(prices.metricMonth)} a month more, nine in all.

## A million calls

${table(
  ['', 'gateway', 'functions', 'table', 'logs', 'data out', 'in all'],
  [
    perMillion('reads, the mean of all', parts(reads, readMs)),
    perMillion('changes, the mean of all', parts(changes, changeMs)),
  ],
)}

## What grows

- The table: ${dollars(prices.tableGbMonth)} a GB and month, and ${dollars(prices.backupGbMonth)} for its backup. An ended instance is under 2 KB for 30 days.
- Containers' output: ${dollars(prices.logGb)} a GB taken in, ${dollars(prices.logGbMonth, 3)} a GB and month kept (\`retentionDays.nodes\`). This is usually the largest part of the bill: a job that writes 10 MB costs half a cent.
- Nodes with a bell: free up to 1,000 in the account and region; with the next one, all of them are ${dollars(prices.advancedNodeHour * 730)} a month each. An alarm tells at 900.

## What was counted

${table(
  ['request', 'read units', 'write units', 'calls to the table', 'bytes logged'],
  counted.map(({ step, rcu, wcu, calls, logBytes }) => [
    step,
    String(rcu),
    String(wcu),
    String(calls),
    String(logBytes),
  ]),
)}
`;
}
