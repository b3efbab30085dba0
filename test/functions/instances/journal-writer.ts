import { CloudWatchLogsClient, CreateLogStreamCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { bodyOf } from './bodies.ts';
import type { FakeNode } from './fake-node.ts';

/** A line of a log stream. */
export type Line = readonly [at: number, message: string];

/** Writes into a stream as the node's agent does. */
export async function write(node: FakeNode, stream: string, lines: readonly Line[]): Promise<void> {
  const { region, group, prefix, endpoint } = (await node.sync()).telemetry;
  const made = bodyOf(await node.api.agent.credentials());
  const client = new CloudWatchLogsClient({
    region,
    endpoint: endpoint ?? '',
    credentials: {
      accessKeyId: made.access_key_id,
      secretAccessKey: made.secret_access_key,
      sessionToken: made.session_token,
    },
  });
  const names = { logGroupName: group, logStreamName: `${prefix}${stream}` };
  await client.send(new CreateLogStreamCommand(names)).catch((error: Error) => {
    if (error.name !== 'ResourceAlreadyExistsException') throw error;
  });
  const logEvents = lines.map(([timestamp, message]) => ({ timestamp, message }));
  await client.send(new PutLogEventsCommand({ ...names, logEvents }));
  client.destroy();
}
