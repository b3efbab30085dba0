import * as z from 'zod';
import { eventsOf } from '#domain/instance/events.ts';
import type { Instance } from '#domain/instance.ts';
import { problem } from '#domain/problem.ts';
import type { CredentialDraft } from '#store/credentials.ts';
import type { Scope } from '#store/scope.ts';
import type { Actor } from '#store/write.ts';
import { service } from '../service.ts';
import { repositories } from './dynamodb.ts';
import { tableRead, tableWrite } from './table.ts';

/** What goes with a change of an instance. */
export interface ChangeOptions {
  readonly by?: Actor;
  readonly credential?: CredentialDraft;
}

/** Changes of instances, decided on the row as it is. */
export interface InstanceChanges {
  /**
   * Moves an instance to what `decide` makes of it; if somebody else was faster, it is read and decided again. The same
   * row, where it decides that nothing changes; undefined, where there is no such instance.
   */
  change(
    scope: Scope,
    first: Pick<Instance, 'runner' | 'uid'> | Instance,
    decide: (row: Instance) => Instance | Promise<Instance>,
    options?: ChangeOptions,
  ): Promise<Instance | undefined>;
  /** Moves an instance from a row to another, unless somebody else was faster: then undefined. */
  move(scope: Scope, before: Instance, after: Instance, options?: ChangeOptions): Promise<Instance | undefined>;
}

/** A row that so many others change at once is given up until the caller comes again. */
const mostTries = 8;

/** Moves instances from state to state, with the events that tell of it. */
export const instances = service({
  id: 'instances',
  config: z.object({}),
  uses: [repositories],
  grants: [tableRead, tableWrite],
  open: (_config, { use }): InstanceChanges => {
    const store = use(repositories).instances;
    const move: InstanceChanges['move'] = (scope, before, after, options = {}) =>
      store.transition(scope, before, after, { ...options, events: eventsOf(before, after) });

    return {
      move,
      async change(scope, first, decide, options) {
        let row = 'revision' in first ? first : await store.find(scope, first.runner, first.uid);
        for (let tries = 0; row && tries < mostTries; tries++) {
          const after = await decide(row);
          if (after === row) return row;
          const moved = await move(scope, row, after, options);
          if (moved) return moved;
          row = await store.find(scope, first.runner, first.uid);
        }
        if (!row) return undefined;
        throw problem('service.unavailable', 'The instance is being changed by many at once. Please try again.', {
          retryAfterSeconds: 1,
        });
      },
    };
  },
});
