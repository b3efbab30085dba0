import { contract } from '#contract/operations.ts';
import { serve } from '#lambda/serve.ts';
import { program } from '#runtime/services/program.ts';

export const handler = serve(contract.agent.program, { program }, async (_input, { program }) => program.agent());
