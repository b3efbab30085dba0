import { contract } from '#contract/operations.ts';
import { showOrganization } from '#contract/view/organization.ts';
import { answer } from '#lambda/answer.ts';
import { given } from '#lambda/given.ts';
import { serve } from '#lambda/serve.ts';
import { assertUnchanged } from '#lambda/unchanged.ts';
import { table } from '#runtime/services/table.ts';

const operation = contract.organizations.change;

export const handler = serve(operation, { table }, async ({ scope, body, by, ifMatch }, { table }) => {
  const { role } = await scope.member;
  const changed = await table.organizations.change(
    scope,
    (now) => {
      assertUnchanged(operation, body, showOrganization(now, role));
      return given({ name: body.name, placement: body.placement });
    },
    { by, ifMatch },
  );
  return answer(showOrganization(changed, role), { version: changed.version });
});
