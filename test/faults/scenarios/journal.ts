import { expect } from 'vitest';
import { type Line, write } from '#test/functions/instances/journal-writer.ts';
import { stageNow } from '#test/functions/instances/stage.ts';
import type { Scenario } from '../scenario.ts';
import { running } from './running.ts';

/** What is read from the journal, and what it takes to write there. */
export const journal: readonly Scenario[] = [
  {
    name: 'read the log',
    async begin(tenant) {
      const one = await running(tenant, 'listening');
      const lines = [1, 2, 3].map(
        (seq): Line => [stageNow(), JSON.stringify({ seq, level: 'INFO', message: `line ${seq}` })],
      );
      await write(one.node, `instance/${one.uid}`, lines);
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
      const instances = [{ uid: one.uid, cpu: 45.5, memory: 70.2, disk: 80.1 }];
      await write(one.node, `node/${one.node.uid}`, [[stageNow(), JSON.stringify({ instances })]]);
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
