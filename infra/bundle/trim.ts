import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** Errors of the SDK whose members are read; all others keep their name, message and status, which is what is read. */
const keptErrors = ['ConditionalCheckFailedException', 'TransactionCanceledException'];

/** The schema of an error, and its registration. */
const errorSchema = /^export var (\w+)\$ = \[-3, n0, [^;]*?\];\nn0_registry\.registerError\(\1\$, \1\);$/gm;

/** A schema with a computed key: making it might do something, so that a bundler keeps it and all it refers to. */
const computedSchema = /^((?:export )?var \w+\$? = )(\[[^;]*?\{\s*\[_[^;]*?\]);$/gm;

/**
 * Takes out of the SDK what a bundler can't see to be unused: the registration of each client's modelled errors (an
 * error that isn't registered is still thrown under its own name), and the clients' package.json, read for a version.
 */
export const trimSdk: Plugin = {
  name: 'trim-sdk',
  setup: ({ onLoad }) => {
    onLoad({ filter: /@aws-sdk\/client-[a-z-]+\/dist-es\/schemas\/schemas_0\.js$/ }, async ({ path }) => {
      const whole = await readFile(path, 'utf8');
      const lean = whole.replaceAll(errorSchema, (text, name: string) => (keptErrors.includes(name) ? text : ''));
      const contents = lean.replaceAll(computedSchema, '$1/* @__PURE__ */ (() => $2)();');
      if (lean === whole) throw new Error(`${path} no longer registers errors as infra/bundle/trim.ts expects.`);
      return { contents, loader: 'js' };
    });
    onLoad({ filter: /@aws-sdk\/client-[a-z-]+\/package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, 'utf8')) as { version: string };
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};
