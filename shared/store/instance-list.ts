import type { Instance } from '#domain/instance.ts';
import type { Runner } from '#domain/runner.ts';
import { readInstance } from './instance-rows.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { endOf, readRange } from './list.ts';
import type { SeenNode } from './nodes.ts';
import { type Chunk, type Page, type PageOptions, readPage } from './page.ts';

/** An instance of a list; `node` and `runner` are those of a live one: ended ones know all that is shown of theirs. */
export interface ListedInstance {
  readonly instance: Instance;
  readonly node: SeenNode | undefined;
  readonly runner: Runner | undefined;
}

/** Which part of a list of instances. */
export interface InstancePageOptions extends PageOptions<ListedInstance> {
  /** Leaves the ended ones out. */
  readonly live?: boolean | undefined;
}

// A cursor says on which shelf it stopped: `live#<end>` or `past#<end>`; without an end, at the beginning.
const shelfOf = (after: string | undefined): { readonly past: boolean; readonly after: string | undefined } => {
  const [shelf = '', ...rest] = (after ?? '').split('#');
  const end = rest.join('#');
  return { past: shelf === 'past', after: end === '' ? undefined : end };
};

/** What goes with live ones. */
export interface Surroundings {
  readonly nodes: ReadonlyMap<string, SeenNode>;
  readonly runners: ReadonlyMap<string, Runner>;
}

/**
 * Live ones first, then ended ones, each newest first, in two waits: the ended ones are read together with what goes
 * with the live ones. Without a runner those of all, runner by runner.
 */
export function listInstances(
  link: Link,
  org: string,
  runner: string | undefined,
  { live = false, ...page }: InstancePageOptions,
  around: (rows: readonly Instance[]) => Promise<Surroundings>,
): Promise<Page<ListedInstance>> {
  const ranges =
    runner === undefined
      ? { live: keys.allInstances(org), past: keys.allPasts(org) }
      : { live: keys.instances(org, runner), past: keys.pasts(org, runner) };
  const read = async (shelf: 'live' | 'past', after: string | undefined, limit: number) => {
    const range = ranges[shelf];
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
    const [{ nodes, runners }, ended] = await Promise.all([
      around(shown.map(({ instance }) => instance)),
      alive.last === undefined && !live && left > 0
        ? read('past', past ? after : undefined, left)
        : { found: [], last: undefined },
    ]);
    const more = alive.last ?? ended.last ?? (left <= 0 && !live ? 'past#' : undefined);
    return {
      entries: [
        ...shown.map(({ end, instance }) => ({
          end,
          item: { instance, node: nodes.get(instance.node), runner: runners.get(instance.runner) },
        })),
        ...ended.found.map(({ end, instance }) => ({ end, item: { instance, node: undefined, runner: undefined } })),
      ],
      ...(more !== undefined && { last: more }),
    };
  });
}
