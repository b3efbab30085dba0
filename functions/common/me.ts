import { contract } from '#contract/operations.ts';
import { showUser } from '#contract/view/user.ts';
import { serve } from '#lambda/serve.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(contract.common.me, { tableReader }, async ({ caller }, { tableReader }) => {
  const [user, { items }] = await Promise.all([caller.user, tableReader.organizations.listOf(caller.uid)]);
  return {
    ...showUser(user),
    onboarded: user.onboarded_at !== undefined,
    organizations: items.map(({ organization: { short_name, name }, role }) => ({ short_name, name, role })),
  };
});
