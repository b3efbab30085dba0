import type { Organization } from '#domain/organization.ts';
import type { Role } from '#domain/permissions.ts';
import { timestamp } from './time.ts';

/** An organization, as the API shows it to somebody with a role in it. */
export const showOrganization = ({ name, short_name, type, created_at }: Organization, role: Role) => ({
  name,
  short_name,
  type,
  created_at: timestamp(created_at),
  role,
});
