import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

// What cdk-nag would object to, with the reason why it is so: beside the place where it is so.

/** Says why a policy under a construct names a resource with a wildcard. */
export function acknowledgeWildcard(on: IConstruct, resource: string, reason: string): void {
  const finding = flatten(Stack.of(on).resolve(resource));
  Validations.of(on).acknowledge({ id: `AwsSolutions-IAM5[Resource::${finding}]`, reason });
}

/** Says why a rule does not fit a construct. */
export function acknowledge(on: IConstruct, rule: string, reason: string): void {
  Validations.of(on).acknowledge({ id: `AwsSolutions-${rule}`, reason });
}

/** A reference as cdk-nag writes it: `<LogicalId>` and `<LogicalId.Arn>`. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  const { 'Fn::Join': join, Ref: ref, 'Fn::GetAtt': attribute } = value as Record<string, unknown>;
  if (Array.isArray(join)) return (join[1] as unknown[]).map(flatten).join(String(join[0]));
  if (Array.isArray(attribute)) return `<${attribute.join('.')}>`;
  return `<${String(ref)}>`;
}
