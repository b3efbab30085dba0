import { contract } from '#contract/operations.ts';
import { showOrganization } from '#contract/view/organization.ts';
import { serve } from '#lambda/serve.ts';
import { table } from '#runtime/services/table.ts';

export const handler = serve(contract.onboarding.create, { table }, async ({ body, by, once }, { table }) => {
  const { created } = await table.organizations.create(body.organization, { by, once, onboarding: true });
  return { organization: showOrganization(created, 'owner') };
});
