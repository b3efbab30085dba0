import { type RemovalPolicy, Tags } from 'aws-cdk-lib';
import { CfnTable } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { tableDescription, ttlAttribute } from '#store/table.ts';
import type { Stage } from './stage.ts';

/** A property as CloudFormation spells it, of a description as the API spells it. */
const lower = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(lower);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [`${name.charAt(0).toLowerCase()}${name.slice(1)}`, lower(inner)]),
  );
};

/** The table, from the description that the repositories and the local engine share. Its name is generated. */
export function createTable(scope: Construct, stage: Stage, removalPolicy: RemovalPolicy): CfnTable {
  const table = new CfnTable(scope, 'Table', {
    ...(lower(tableDescription) as Pick<CfnTable, 'keySchema'>),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true, recoveryPeriodInDays: 35 },
    timeToLiveSpecification: { attributeName: ttlAttribute, enabled: true },
    deletionProtectionEnabled: stage.removal === 'retain',
  });
  table.applyRemovalPolicy(removalPolicy);
  Tags.of(table).add('Name', `Runner Pilot ${stage.name}`);
  return table;
}
