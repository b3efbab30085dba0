import { STSClient } from '@aws-sdk/client-sts';
import * as z from 'zod';
import { openTelemetry, type TelemetryCredentials } from '#cloud/telemetry.ts';
import { givesUpAfter } from '../request-handler.ts';
import { service } from '../service.ts';

const requestHandler = givesUpAfter(3000);

/** Gives nodes credentials for the log streams of their organization. */
export interface Telemetry {
  credentialsFor(organization: string, node: string): Promise<TelemetryCredentials>;
}

/** Credentials for logs and beats: of a role that may do no more than that, for one organization. */
export const telemetry = service({
  id: 'telemetry',
  config: z.object({
    RUNNER_PILOT_TELEMETRY_ROLE_ARN: z.string().startsWith('arn:', 'must be the ARN of a role'),
    RUNNER_PILOT_LOG_GROUP: z.string().min(1),
    RUNNER_PILOT_REGION: z.string().min(1),
  }),
  grants: [{ on: 'telemetry-role', actions: ['sts:AssumeRole'] }],
  open: (config): Telemetry =>
    openTelemetry(new STSClient({ maxAttempts: 3, requestHandler }), {
      roleArn: config.RUNNER_PILOT_TELEMETRY_ROLE_ARN,
      region: config.RUNNER_PILOT_REGION,
      group: config.RUNNER_PILOT_LOG_GROUP,
    }),
});
