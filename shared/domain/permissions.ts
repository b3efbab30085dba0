/** Roles, weakest first: each may do what the one before it may. */
export const roles = ['viewer', 'member', 'admin', 'owner'] as const;

/** What somebody may do in an organization. */
export type Role = (typeof roles)[number];

/** The role that each operation inside an organization needs; an operation that is missing here does not start. */
export const permissions = {
  'organizations.get': 'viewer',
  'organizations.change': 'owner',
  'organizations.instances': 'viewer',
  'nodes.create': 'admin',
  'nodes.list': 'viewer',
  'nodes.get': 'viewer',
  'nodes.change': 'admin',
  'nodes.remove': 'admin',
  'nodes.enrollment': 'admin',
  'nodes.drain': 'admin',
  'nodes.undrain': 'admin',
  'nodes.events': 'viewer',
  'runners.create': 'admin',
  'runners.list': 'viewer',
  'runners.get': 'viewer',
  'runners.change': 'admin',
  'runners.remove': 'admin',
  'registries.list': 'admin',
  'registries.put': 'admin',
  'registries.get': 'admin',
  'registries.remove': 'admin',
  'instances.create': 'member',
  'instances.list': 'viewer',
  'instances.get': 'viewer',
  'instances.remove': 'member',
  'instances.metrics': 'viewer',
  'instances.logs': 'viewer',
  'instances.events': 'viewer',
} as const satisfies Record<string, Role>;

/** What takes more than the operation: a member of its body, and the role that may change it. */
export const memberPermissions = { 'nodes.allow': 'owner' } as const satisfies Record<string, Role>;

/** An operation that somebody does inside an organization. */
export type PermittedOperation = keyof typeof permissions;

/** Whether a role may do what another role may. */
export const reaches = (role: Role, needed: Role): boolean => roles.indexOf(role) >= roles.indexOf(needed);

/** Whether somebody of this role sees secrets whole (owner, admin) or masked. */
export const seesSecrets = (role: Role): boolean => reaches(role, 'admin');
