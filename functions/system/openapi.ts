import { openapi } from '#contract/openapi.ts';
import { contract } from '#contract/operations.ts';
import { serve } from '#lambda/serve.ts';
import { about } from '#runtime/services/about.ts';

export const handler = serve(contract.system.openapi, { about }, async ({ publicUrl }, { about }) =>
  JSON.stringify(openapi({ version: about.version, url: publicUrl })),
);
