// List prices in us-east-1, in US dollars, without free tiers unless it says so; the page of each is named. Written down
// in the month below without access to those pages: compare before you rely on them, then run `npm run costs`.

/** When the prices were written down. */
export const asOf = '2026-11';

/** What things cost. */
export const prices = {
  /** https://aws.amazon.com/api-gateway/pricing: HTTP APIs, first 300 million a month. */
  gatewayRequest: 1.0 / 1e6,
  /** https://aws.amazon.com/lambda/pricing */
  lambdaRequest: 0.2 / 1e6,
  /** The same: arm64. */
  lambdaGbSecond: 0.0000133334,
  /** https://aws.amazon.com/dynamodb/pricing/on-demand: halved in November 2024. */
  readUnit: 0.125 / 1e6,
  writeUnit: 0.625 / 1e6,
  tableGbMonth: 0.25,
  /** The same: continuous backups, besides the table's own storage. */
  backupGbMonth: 0.2,
  /** https://aws.amazon.com/cloudwatch/pricing: logs of functions and nodes, and vended logs of the API. */
  logGb: 0.5,
  logGbMonth: 0.03,
  metricMonth: 0.3,
  alarmMetricMonth: 0.1,
  /** The same: the first three dashboards of an account are free. */
  dashboardMonth: 3,
  /** https://aws.amazon.com/kms/pricing */
  keyMonth: 1,
  symmetricCall: 0.03 / 1e4,
  signature: 0.15 / 1e4,
  /** https://aws.amazon.com/eventbridge/pricing: as if scheduled events were custom ones. */
  event: 1.0 / 1e6,
  /** https://aws.amazon.com/ec2/pricing/on-demand: data out to the internet. */
  egressGb: 0.09,
  /** https://aws.amazon.com/systems-manager/pricing: advanced on-premises instances, an hour; 0 up to 1,000. */
  advancedNodeHour: 0.00695,
} as const;

/** Seconds in a month of 730 hours, as AWS's calculator has it. */
export const monthSeconds = 730 * 3600;
