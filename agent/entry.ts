import { readFileSync } from 'node:fs';

/** The script that containers begin with. The bundle has its text in this place. */
export const entryScript = (): string => readFileSync(new URL('entry.sh', import.meta.url), 'utf8');
