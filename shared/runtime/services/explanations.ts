import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { service } from '../service.ts';

/** What each problem means, and what to do: the page that a problem's `type` leads to. */
export const explanations = service({
  id: 'explanations',
  config: z.object({ RUNNER_PILOT_DOCS_FOLDER: z.string().min(1) }),
  open: ({ RUNNER_PILOT_DOCS_FOLDER: folder }) => ({
    text: (): Promise<string> => readFile(join(folder, 'problems.md'), 'utf8'),
  }),
});
