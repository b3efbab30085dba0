import * as z from 'zod';
import type { Member } from '#domain/organization.ts';
import type { User } from '#domain/user.ts';
import { service } from '../service.ts';
import { repositories } from './dynamodb.ts';
import { tableRead } from './table.ts';

/** Who somebody is, and what they are in an organization: read on each request, consistently, in one wait. */
export interface Access {
  check(user: string, org: string | undefined): Promise<{ user: User | undefined; member: Member | undefined }>;
}

/** What the membership check reads. */
export const access = service({
  id: 'access',
  config: z.object({}),
  uses: [repositories],
  grants: [tableRead],
  open: (_config, { use }): Access => {
    const { users, members } = use(repositories);
    return {
      check: async (user, org) =>
        org === undefined ? { user: await users.find(user), member: undefined } : members.check(user, org),
    };
  },
});
