import { readFile, writeFile } from 'node:fs/promises';
import { openapi } from '#contract/openapi.ts';
import { version } from '#domain/version.ts';

// `npm run openapi` writes docs/openapi.json; with `--check` it only says whether that is what the contract says.

const file = new URL('../docs/openapi.json', import.meta.url);
const document = `${JSON.stringify(openapi({ version }), null, 2)}\n`;

if (process.argv.includes('--check')) {
  const there = await readFile(file, 'utf8').catch(() => '');
  if (there !== document) {
    console.error('docs/openapi.json is not what the contract says: run "npm run openapi" and commit it.');
    process.exitCode = 1;
  }
} else {
  await writeFile(file, document);
}
