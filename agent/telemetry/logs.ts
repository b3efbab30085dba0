import { Agent } from 'node:https';
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  ResourceAlreadyExistsException,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Telemetry } from '#contract/agent.ts';
import type { LogCredentials } from '../control/client.ts';
import type { LogEvent } from './batch.ts';

/** Asks the control plane for credentials. */
export type ReadCredentials = () => Promise<LogCredentials>;

/** CloudWatch Logs, as one organization's node may use it. Nothing of the environment's credentials is ever used. */
export function createLogs({ region, endpoint, group, prefix }: Telemetry, readCredentials: ReadCredentials) {
  const client = new CloudWatchLogsClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    credentials: async () => {
      const { access_key_id, secret_access_key, session_token, expires_at } = await readCredentials();
      return {
        accessKeyId: access_key_id,
        secretAccessKey: secret_access_key,
        sessionToken: session_token,
        expiration: new Date(expires_at),
      };
    },
    maxAttempts: 2,
    requestHandler: {
      requestTimeout: 20_000,
      connectionTimeout: 5_000,
      // Node's own agent follows HTTPS_PROXY when it is told to; one of ours has to be told as well.
      httpsAgent: new Agent({
        keepAlive: true,
        maxSockets: 8,
        ...(process.env.NODE_USE_ENV_PROXY === '1' ? { proxyEnv: process.env } : {}),
      }),
    },
  });

  return {
    async createStream(name: string): Promise<void> {
      try {
        await client.send(new CreateLogStreamCommand({ logGroupName: group, logStreamName: `${prefix}${name}` }));
      } catch (error) {
        if (!(error instanceof ResourceAlreadyExistsException)) throw error;
      }
    },

    async put(name: string, events: readonly LogEvent[]): Promise<void> {
      const logEvents = events.map(({ timestamp, message }) => ({ timestamp, message }));
      await client.send(new PutLogEventsCommand({ logGroupName: group, logStreamName: `${prefix}${name}`, logEvents }));
    },

    close: (): void => client.destroy(),
  };
}

/** CloudWatch Logs, as one organization's node may use it. */
export type Logs = ReturnType<typeof createLogs>;
