import * as z from 'zod';
import { roles } from './permissions.ts';

/** `personal` for one person's own, `organization` for a company or a team. */
export const OrganizationType = z.enum(['personal', 'organization']);

/** How instances are spread over nodes: evenly, or so that few nodes are used. */
export const PlacementStrategy = z.enum(['spread', 'binpack']);
export type PlacementStrategy = z.output<typeof PlacementStrategy>;

/** A tenant. Its `short_name` is its id, and never changes. */
export const Organization = z.object({
  short_name: z.string(),
  name: z.string(),
  type: OrganizationType,
  placement: PlacementStrategy.optional(),
  version: z.int(),
  created_at: z.int(),
});
export type Organization = z.output<typeof Organization>;

/**
 * A short name as an id: they are unique without regard to case. Only ASCII folds (`toLowerCase` would also turn the
 * Kelvin sign into a k), so that nothing but its letters in another case is an organization's id.
 */
export const orgId = (shortName: string): string => shortName.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** How its instances are placed where no node is named. */
export const placementOf = ({ placement = 'spread' }: Pick<Organization, 'placement'>): PlacementStrategy => placement;

/** Somebody's role in an organization. */
export const Member = z.object({
  org: z.string(),
  uid: z.string(),
  role: z.enum(roles),
  created_at: z.int(),
});
export type Member = z.output<typeof Member>;

/** What an organization may have at most. */
export const organizationLimits = { nodes: 1000, runners: 1000, instances: 10_000, registries: 100 } as const;
