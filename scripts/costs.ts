import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { countTour } from './costs/count.ts';
import { costsDocument } from './costs/report.ts';

// `npm run costs` counts, and writes docs/costs.md.

const path = fileURLToPath(new URL('../docs/costs.md', import.meta.url));
writeFileSync(path, costsDocument(await countTour()));
console.log(readFileSync(path, 'utf8').split('\n## A stage')[0]);
process.exit();
