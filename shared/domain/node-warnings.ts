import { isCloned, type Node, type Roster } from './node.ts';

/** Something about a node that somebody has to see to, for as long as it is so. */
export interface NodeWarning {
  readonly code: string;
  readonly detail: string;
}

const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** What is wrong with a node now (epoch milliseconds), and what to do about it. */
export function nodeWarnings({ uid, name }: Node, roster: Roster | undefined, now: number): readonly NodeWarning[] {
  if (!roster || !isCloned(roster, now)) return [];
  const since = roster.cloned_since === undefined ? '' : ` since ${time(roster.cloned_since)}`;
  return [
    {
      code: 'node_cloned',
      detail: `Two machines use the token of ${name}${since}: what runs goes on, and nothing is started there. \`POST …/nodes/${uid}/enrollment\` makes a line; the machine that runs it is the node from then on. Enroll the other one as a node of its own.`,
    },
  ];
}
