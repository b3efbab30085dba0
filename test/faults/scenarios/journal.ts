import { CloudWatchLogsClient, CreateLogStreamCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { expect } from 'vitest';
import { bodyOf } from '#test/functions/instances/bodies.ts';
import { stageNow } from '#test/functions/instances/stage.ts';
import type { Scenario } from '../scenario.ts';
import { type Running, running } from './running.ts';

/** Writes into a stream as the node's agent does, past the proxy. */
async function write({ node }: Running, stream: string, messages: readonly string[]): Promise<void> {
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
  await client.send(new CreateLogStreamCommand(names));
  const logEvents = messages.map((message) => ({ timestamp: stageNow(), message }));
  await client.send(new PutLogEventsCommand({ ...names, logEvents }));
  client.destroy();
}

/** What is read from the journal, and what it takes to write there. */
export const journal: readonly Scenario[] = [
  {
    name: 'read the log',
    async begin(tenant) {
      const one = await running(tenant, 'listening');
      const lines = [1, 2, 3].map((seq) => JSON.stringify({ seq, level: 'INFO', message: `line ${seq}` }));
      await write(one, `instance/${one.uid}`, lines);
      return {
        ask: () => tenant.api.instances.logs({ params: one.params }),
        check: async (answer) =>
          expect(answer).toMatchObject({ body: [1, 2, 3].map((seq) => ({ message: `line ${seq}` })) }),
      };
    },
  },
  {
    name: 'read the figures',
    async begin(tenant) {
      const one = await running(tenant, 'listening');
      await write(one, `node/${one.node.uid}`, [
        JSON.stringify({ instances: [{ uid: one.uid, cpu: 45.5, memory: 70.2, disk: 80.1 }] }),
      ]);
      return {
        ask: () => tenant.api.instances.metrics({ params: one.params }),
        check: async (answer) => expect(answer).toMatchObject({ body: { cpu_usage: 45.5 } }),
      };
    },
  },
  {
    name: 'get credentials for the journal',
    async begin(tenant) {
      const one = await running(tenant, 'requested');
      return {
        ask: () => one.node.api.agent.credentials(),
        check: async (answer) => expect(answer).toMatchObject({ body: { session_token: expect.any(String) } }),
      };
    },
  },
];
