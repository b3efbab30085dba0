import * as z from 'zod';
import type { Telemetry } from '#contract/agent.ts';
import type { LogCredentials } from '../control/client.ts';
import { fetchText } from '../http.ts';
import type { LogEvent } from './batch.ts';
import { sign } from './signature.ts';

/** Asks the control plane for credentials. */
export type ReadCredentials = () => Promise<LogCredentials>;

/** A no of the service: the name of its error. */
export interface LogsFailure extends Error {
  readonly type: string;
}

const Failure = z.object({ __type: z.string(), message: z.string().optional() });
/** Credentials are renewed this long before they end. */
const renewEarlyMs = 2 * 60_000;
/** Clocks that are further apart than this are corrected: the service refuses signatures of more than 5 min. */
const skewMs = 60_000;

const endpointOf = ({ region, endpoint }: Telemetry) =>
  new URL(endpoint ?? `https://logs.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/`);

function failureOf(status: number, text: string): LogsFailure {
  let type = `Http${status}`;
  let message = text.slice(0, 512);
  try {
    const failure = Failure.parse(JSON.parse(text));
    type = failure.__type.replace(/^.*#/, '');
    message = failure.message ?? '';
  } catch {
    // A proxy's or a load balancer's answer: its status says it all.
  }
  return Object.assign(new Error(`${type}: ${message}`), { type });
}

/**
 * CloudWatch Logs, as one organization's node may use it: two calls of its JSON protocol, with credentials from the
 * control plane and from nowhere else. By hand, for the SDK alone would be a third of the agent's memory.
 */
export function createLogs(destination: Telemetry, readCredentials: ReadCredentials) {
  const { region, group, prefix } = destination;
  const url = endpointOf(destination);
  let credentials: Promise<LogCredentials> | undefined;
  let aheadMs = 0;

  const current = async (): Promise<LogCredentials> => {
    const known = await credentials;
    if (known !== undefined && Date.parse(known.expires_at) - Date.now() - aheadMs > renewEarlyMs) return known;
    const asked = readCredentials();
    credentials = asked;
    asked.catch(() => {
      if (credentials === asked) credentials = undefined;
    });
    return asked;
  };

  const call = async (operation: string, input: object): Promise<void> => {
    const { access_key_id, secret_access_key, session_token } = await current();
    const body = Buffer.from(JSON.stringify(input));
    const headers = sign(
      {
        url,
        region,
        service: 'logs',
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Logs_20140328.${operation}` },
        body,
      },
      { accessKeyId: access_key_id, secretAccessKey: secret_access_key, sessionToken: session_token },
      new Date(Date.now() + aheadMs),
    );
    const answer = await fetchText({ target: { url }, method: 'POST', headers, body, timeoutSeconds: 20 });
    const serverAheadMs = Date.parse(answer.headers.date ?? '') - Date.now();
    aheadMs = Math.abs(serverAheadMs) > skewMs ? serverAheadMs : 0;
    if (answer.status === 200) return;
    const failure = failureOf(answer.status, answer.text);
    // What the service doesn't accept any more is not used again.
    if (answer.status === 400 && /Token|Signature|Credential|AccessDenied|Unrecognized/.test(failure.type)) {
      credentials = undefined;
    }
    throw failure;
  };

  return {
    async createStream(name: string): Promise<void> {
      try {
        await call('CreateLogStream', { logGroupName: group, logStreamName: `${prefix}${name}` });
      } catch (error) {
        if (!isLogsFailure(error, 'ResourceAlreadyExistsException')) throw error;
      }
    },

    put(name: string, events: readonly LogEvent[]): Promise<void> {
      const logEvents = events.map(({ timestamp, message }) => ({ timestamp, message }));
      return call('PutLogEvents', { logGroupName: group, logStreamName: `${prefix}${name}`, logEvents });
    },
  };
}

/** CloudWatch Logs, as one organization's node may use it. */
export type Logs = ReturnType<typeof createLogs>;

/** Is this the service's no, of that type? */
export const isLogsFailure = (error: unknown, type: string): error is LogsFailure =>
  error instanceof Error && 'type' in error && error.type === type;
