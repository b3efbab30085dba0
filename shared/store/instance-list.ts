import type { Instance } from '#domain/instance.ts';
import { readInstance } from './instance-rows.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { endOf, readRange } from './list.ts';
import type { SeenNode } from './nodes.ts';
import { type Chunk, type Page, type PageOptions, readPage } from './page.ts';

/** An instance of a list; `node` is that of a live one: ended ones know all that is shown of theirs. */
export interface ListedInstance {
  readonly instance: Instance;
  readonly node: SeenNode | undefined;
}

/** Which part of the list of a runner's instances. */
export interface InstancePageOptions extends PageOptions<ListedInstance> {
  /** Leaves the ended ones out. */
  readonly live?: boolean | undefined;
}

// A cursor says on which shelf it stopped: `live#<uid>` or `past#<uid>`; without a uid, at the beginning.
const shelfOf = (after: string | undefined): { readonly past: boolean; readonly after: string | undefined } => {
  const [shelf = '', uid = ''] = (after ?? '').split('#');
  return { past: shelf === 'past', after: uid === '' ? undefined : uid };
};

/**
 * Live ones first, then ended ones, each newest first, in two waits: the ended ones are read together with the nodes of
 * the live ones.
 */
export function listInstances(
  link: Link,
  org: string,
  runner: string,
  { live = false, ...page }: InstancePageOptions,
  nodesOf: (uids: readonly string[]) => Promise<ReadonlyMap<string, SeenNode>>,
): Promise<Page<ListedInstance>> {
  const read = async (shelf: 'live' | 'past', after: string | undefined, limit: number) => {
    const range = shelf === 'live' ? keys.instances(org, runner) : keys.pasts(org, runner);
    const { rows, last } = await readRange(link, range, after, limit, true);
    const found = rows.map((row) => ({ end: `${shelf}#${endOf(range, row)}`, instance: readInstance(row) }));
    return { found, last: last === undefined ? undefined : `${shelf}#${last}` };
  };

  return readPage(page, async (cursor, limit): Promise<Chunk<ListedInstance>> => {
    const { past, after } = shelfOf(cursor);
    const alive = past ? { found: [], last: undefined } : await read('live', after, limit);
    // From the answer to its deletion on, an instance is not there.
    const shown = alive.found.filter(({ instance }) => instance.state !== 'deleting');
    const left = limit - shown.length;
    const [nodes, ended] = await Promise.all([
      nodesOf(shown.map(({ instance }) => instance.node)),
      alive.last === undefined && !live && left > 0
        ? read('past', past ? after : undefined, left)
        : { found: [], last: undefined },
    ]);
    const more = alive.last ?? ended.last ?? (left <= 0 && !live ? 'past#' : undefined);
    return {
      entries: [
        ...shown.map(({ end, instance }) => ({ end, item: { instance, node: nodes.get(instance.node) } })),
        ...ended.found.map(({ end, instance }) => ({ end, item: { instance, node: undefined } })),
      ],
      ...(more !== undefined && { last: more }),
    };
  });
}
