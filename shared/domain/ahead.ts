import { notAllowed } from './docker.ts';
import type { Node, Roster } from './node.ts';
import { unfit } from './place.ts';
import type { Runner } from './runner.ts';

/** How many runners are looked at, and how many images a node is to have before it runs them. */
export const aheadLimits = { runners: 100, images: 20 } as const;

type Told = Pick<
  Runner,
  'docker_image' | 'docker' | 'pull_policy' | 'prepull' | 'node_labels' | 'architecture' | 'deleting_at'
>;

/** What a node is to pull before it needs it. */
export interface Ahead {
  /** By runners, newest first. */
  readonly images: readonly string[];
  /** Whether it needs that of Docker daemons, too: which one that is, is the node's own setting. */
  readonly dind: boolean;
}

/** What a node may come to run: the images of runners that could be placed there. */
export function aheadOf(
  {
    node,
    roster,
  }: {
    readonly node: Pick<Node, 'status' | 'labels' | 'allow' | 'drain' | 'deleting_at'>;
    readonly roster: Pick<Roster, 'facts'> | undefined;
  },
  runners: readonly Told[],
): Ahead {
  if (node.status !== 'active' || node.drain !== undefined || node.deleting_at !== undefined) {
    return { images: [], dind: false };
  }
  const wanted = runners.filter(
    (runner) =>
      runner.prepull !== false &&
      runner.pull_policy !== 'never' &&
      runner.deleting_at === undefined &&
      notAllowed(node.allow, runner.docker) === undefined &&
      unfit(node.labels, roster?.facts, runner) === undefined,
  );
  const images = [...new Set(wanted.map(({ docker_image }) => docker_image))].slice(0, aheadLimits.images);
  return { images, dind: wanted.some(({ docker }) => docker === 'dind') };
}
