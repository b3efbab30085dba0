import { type Organization, placementOf } from '#domain/organization.ts';
import type { Role } from '#domain/permissions.ts';
import { timestamp } from './time.ts';

/** An organization, as the API shows it to somebody with a role in it. */
export const showOrganization = (organization: Organization, role: Role) => ({
  name: organization.name,
  short_name: organization.short_name,
  type: organization.type,
  created_at: timestamp(organization.created_at),
  placement: placementOf(organization),
  role,
});
