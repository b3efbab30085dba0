import { contract } from '#contract/operations.ts';
import { showOrganization } from '#contract/view/organization.ts';
import { answer } from '#lambda/answer.ts';
import { serve } from '#lambda/serve.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(
  contract.organizations.list,
  { tableReader },
  async ({ caller, query }, { tableReader }) => {
    const { items, cursor } = await tableReader.organizations.listOf(caller.uid, query);
    return answer(
      items.map(({ organization, role }) => showOrganization(organization, role)),
      { next: cursor },
    );
  },
);
