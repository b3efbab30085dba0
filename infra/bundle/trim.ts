import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** Errors of the SDK whose members are read; all others keep their name, message and status, which is what is read. */
const keptErrors = ['ConditionalCheckFailedException', 'TransactionCanceledException'];

/** The schema of an error, and its registration. */
const errorSchema = /^export var (\w+)\$ = \[-3, n0, [^;]*?\];\nn0_registry\.registerError\(\1\$, \1\);$/gm;

/**
 * Takes out of the SDK what a bundler can't see to be unused: the registration of each client's modelled errors (an
 * error that isn't registered is still thrown under its own name), and the clients' package.json, read for a version.
 */
export const trimSdk: Plugin = {
  name: 'trim-sdk',
  setup: ({ onLoad }) => {
    onLoad({ filter: /@aws-sdk\/client-[a-z-]+\/dist-es\/schemas\/schemas_0\.js$/ }, async ({ path }) => {
      const whole = await readFile(path, 'utf8');
      const contents = whole.replaceAll(errorSchema, (text, name: string) => (keptErrors.includes(name) ? text : ''));
      if (contents === whole) throw new Error(`${path} no longer registers errors as infra/bundle/trim.ts expects.`);
      return { contents, loader: 'js' };
    });
    onLoad({ filter: /@aws-sdk\/client-[a-z-]+\/package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, 'utf8')) as { version: string };
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};
