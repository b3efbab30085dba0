import type { Node, Roster } from './node.ts';
import { unfit } from './place.ts';
import type { Runner } from './runner.ts';

/** How many runners are looked at, and how many images a node is to have before it runs them. */
export const aheadLimits = { runners: 100, images: 20 } as const;

type Told = Pick<Runner, 'docker_image' | 'pull_policy' | 'prepull' | 'node_labels' | 'architecture' | 'deleting_at'>;

/** The images that a node may come to run, by runners newest first: those of runners that could be placed there. */
export function imagesAhead(
  {
    node,
    roster,
  }: {
    readonly node: Pick<Node, 'status' | 'labels' | 'drain' | 'deleting_at'>;
    readonly roster: Pick<Roster, 'facts'> | undefined;
  },
  runners: readonly Told[],
): readonly string[] {
  if (node.status !== 'active' || node.drain !== undefined || node.deleting_at !== undefined) return [];
  const wanted = runners.filter(
    (runner) =>
      runner.prepull !== false &&
      runner.pull_policy !== 'never' &&
      runner.deleting_at === undefined &&
      unfit(node.labels, roster?.facts, runner) === undefined,
  );
  return [...new Set(wanted.map(({ docker_image }) => docker_image))].slice(0, aheadLimits.images);
}
