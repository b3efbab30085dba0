import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';

/** Credentials of AWS that end soon; `expires_at` is epoch milliseconds. */
export interface TelemetryCredentials {
  readonly access_key_id: string;
  readonly secret_access_key: string;
  readonly session_token: string;
  readonly expires_at: number;
}

/** Where nodes write, and as what. */
export interface TelemetryOptions {
  readonly roleArn: string;
  readonly region: string;
  readonly group: string;
}

const durationSeconds = 900;

/** What a node may do with them: write to the streams of one organization in one group, and nothing else. */
function policyFor(organization: string, { roleArn, region, group }: TelemetryOptions): string {
  // arn:<partition>:iam::<account>:role/<name>: the log group is of the same account.
  const [, partition = 'aws', , , account = ''] = roleArn.split(':');
  const streams = `arn:${partition}:logs:${region}:${account}:log-group:${group}:log-stream:${organization}/*`;
  const statement = { Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: streams };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

/** Gives nodes what they need to write logs and beats, for 15 minutes. */
export const openTelemetry = (client: STSClient, options: TelemetryOptions) => ({
  async credentialsFor(organization: string, node: string): Promise<TelemetryCredentials> {
    const { Credentials } = await client.send(
      new AssumeRoleCommand({
        RoleArn: options.roleArn,
        RoleSessionName: node,
        DurationSeconds: durationSeconds,
        Policy: policyFor(organization, options),
      }),
    );
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
    if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration) {
      throw new Error('STS has answered without credentials.');
    }
    return {
      access_key_id: AccessKeyId,
      secret_access_key: SecretAccessKey,
      session_token: SessionToken,
      expires_at: Expiration.getTime(),
    };
  },
});
