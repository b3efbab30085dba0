import * as z from 'zod';
import { type Ahead, aheadLimits, aheadOf } from '#domain/ahead.ts';
import type { Scope } from '#store/scope.ts';
import { service } from '../service.ts';
import { tableReader } from './table-reader.ts';

/** What nodes are to pull before they need it. */
export interface AheadImages {
  /** When to ask again. */
  readonly againSeconds: number;
  /** For what a node may come to run; two reads at once. */
  get(scope: Scope, node: string): Promise<Ahead>;
}

/** Tells nodes what to pull ahead: reckoned when they ask. */
export const aheadImages = service({
  id: 'ahead-images',
  config: z.object({ RUNNER_PILOT_IMAGES_SECONDS: z.coerce.number().int().min(1).max(86_400).default(300) }),
  uses: [tableReader],
  open: ({ RUNNER_PILOT_IMAGES_SECONDS: againSeconds }, { use }): AheadImages => ({
    againSeconds,
    async get(scope, node) {
      const { nodes, runners } = use(tableReader);
      const [seen, newest] = await Promise.all([
        nodes.getMany(scope, [node]),
        runners.listNewest(scope, aheadLimits.runners),
      ]);
      const found = seen.get(node);
      return found ? aheadOf(found, newest) : { images: [], dind: false };
    },
  }),
});
