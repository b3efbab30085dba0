import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** The examples of an operation, as the formatter leaves them: on one line, or up to its own indentation. */
const examples = /^ {2}examples: \{(?: .*\},|\n[\s\S]*?^ {2}\},)$/gm;

/** Leaves out the examples of the contract, which only the API's description shows. */
export const withoutExamples: Plugin = {
  name: 'without-examples',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/shared\/contract\/[a-z-]+\.ts$/ }, async ({ path }) => {
      const whole = await readFile(path, 'utf8');
      const contents = whole.replaceAll(examples, '  examples: {},');
      if (/^ {2}examples: \{(?!\},)/m.test(contents)) throw new Error(`${path} has examples that are not left out.`);
      return { contents, loader: 'ts' };
    });
  },
};
