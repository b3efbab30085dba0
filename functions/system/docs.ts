import { contract } from '#contract/operations.ts';
import { answer } from '#lambda/answer.ts';
import { serve } from '#lambda/serve.ts';
import { reference } from '#runtime/services/reference.ts';

export const handler = serve(contract.system.docs, { reference }, async (_input, { reference }) => {
  const { html, contentSecurityPolicy } = await reference.page();
  return answer(html, { contentSecurityPolicy });
});
