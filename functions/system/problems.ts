import { contract } from '#contract/operations.ts';
import { serve } from '#lambda/serve.ts';
import { explanations } from '#runtime/services/explanations.ts';

export const handler = serve(contract.system.problems, { explanations }, (_input, { explanations }) =>
  explanations.text(),
);
