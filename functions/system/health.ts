import { contract } from '#contract/operations.ts';
import { serve } from '#lambda/serve.ts';
import { about } from '#runtime/services/about.ts';

export const handler = serve(contract.system.health, { about }, async (_input, { about }) => ({
  status: 'ok' as const,
  ...about,
}));
