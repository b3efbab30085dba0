import * as z from 'zod';
import { Placement } from '#domain/instance.ts';
import { Node, NodeAgent, Roster } from '#domain/node.ts';
import { orgId } from '#domain/organization.ts';
import { keys } from './keys.ts';
import { type Row, type RowType, rowType } from './row.ts';
import { put, remove, type Step } from './steps.ts';

/** Rows of nodes, as customers see them. */
export const nodeRow = rowType('node', Node);

/** Rows of the last syncs. */
export const rosterRow = rowType('roster', Roster);

/** Rows of placements. */
export const placementRow = rowType('placement', Placement);

/** Rows of agents; they know which enrollment code is good for them, so that a new one voids it. */
export const agentRow: RowType<NodeAgent & { enrollment_hash?: string | undefined }> = rowType(
  'agent',
  NodeAgent.extend({ enrollment_hash: z.string().optional() }),
);

/** Rows of enrollment codes, by their hash. */
export const enrollmentRow = rowType('enrollment', z.object({ org: z.string(), node: z.string() }));

/** An agent as everybody else sees it. */
export const readAgent = (row: Row): NodeAgent => {
  const { enrollment_hash: _, ...agent } = agentRow.read(row);
  return agent;
};

/** An enrollment code: its SHA-256, and until when it is good (epoch milliseconds). */
export interface Enrollment {
  readonly code_hash: string;
  readonly expires_at: number;
}

/** The step that makes a code good. */
export const enrollmentStep = (org: string, node: string, { code_hash, expires_at }: Enrollment): Step =>
  put(enrollmentRow.write(keys.enrollment(code_hash), { org: orgId(org), node }, { expires_at }));

/** The step that voids a code, if there is one. */
export const voidStep = (code_hash: string | undefined): readonly Step[] =>
  code_hash === undefined ? [] : [remove(keys.enrollment(code_hash))];

/** Whether a row is being deleted: then it is 404 for people. */
export const unlessDeleting = <T extends { readonly deleting_at?: number | undefined }>(entity: T): T | undefined =>
  entity.deleting_at === undefined ? entity : undefined;
