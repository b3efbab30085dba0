import { expect } from 'vitest';
import { refusedWith } from '#test/functions/instances/bodies.ts';
import type { Act, Scenario } from '../scenario.ts';
import type { Tenant } from '../tenant.ts';
import { expectAtGithub, type Running, running } from './running.ts';

const force = { query: { force: 'true' } } as const;

const removal = (
  name: string,
  until: Parameters<typeof running>[1],
  act: (one: Running, tenant: Tenant) => Pick<Act, 'ask' | 'done'>,
): Scenario => ({
  name,
  async begin(tenant) {
    const one = await running(tenant, until);
    return {
      ...act(one, tenant),
      async check(answer) {
        // What was cut off in its middle is already refused to people as a whole; the sweep does the rest.
        if (!answer.ok) return;
        expect((await tenant.api.instances.get({ params: one.params })).status).toBe(404);
      },
      async settled() {
        expect((await tenant.api.instances.get({ params: one.params })).status).toBe(404);
        expect((await tenant.rows()).filter(({ sk }) => sk.startsWith('INSTANCE#'))).toEqual([]);
        expectAtGithub(one, 0);
      },
    };
  },
});

const remove = (options: { readonly query?: { readonly force: 'true' } }) => (one: Running, tenant: Tenant) => ({
  ask: () => tenant.api.instances.remove({ params: one.params, ...options }),
  done: 'instance.not-found',
});

/** Deletions: of instances, by a drain, and by force of what they belong to. */
export const removals: readonly Scenario[] = [
  removal('delete an instance that nobody has started', 'requested', remove({})),
  removal('delete an idle instance', 'listening', remove({})),
  removal('delete a busy instance by force', 'busy', remove(force)),
  {
    name: 'delete a busy instance, which is refused',
    async begin(tenant) {
      const one = await running(tenant, 'busy');
      return {
        ask: () => tenant.api.instances.remove({ params: one.params }),
        refusal: 'instance.busy',
        async check(answer) {
          refusedWith('instance.busy', answer);
          expect(await one.shown()).toEqual(['busy']);
          expectAtGithub(one, 1);
        },
      };
    },
  },
  removal('drain a node', 'listening', (one, { api, org }) => ({
    ask: () => api.nodes.drain({ params: { org_id: org, node_id: one.node.uid }, body: { note: 'New disks' } }),
  })),
  removal('delete a runner by force', 'listening', (one, { api, org }) => ({
    ask: () => api.runners.remove({ params: { org_id: org, runner_id: one.runner }, ...force }),
    done: 'runner.not-found',
  })),
  removal('delete a node by force', 'listening', (one, { api, org }) => ({
    ask: () => api.nodes.remove({ params: { org_id: org, node_id: one.node.uid }, ...force }),
    done: 'node.not-found',
  })),
];
