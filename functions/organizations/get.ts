import { contract } from '#contract/operations.ts';
import { showOrganization } from '#contract/view/organization.ts';
import { answer } from '#lambda/answer.ts';
import { serve } from '#lambda/serve.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(contract.organizations.get, { tableReader }, async ({ scope }, { tableReader }) => {
  const [organization, { role }] = await Promise.all([tableReader.organizations.get(scope), scope.member]);
  return answer(showOrganization(organization, role), { version: organization.version });
});
