import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/**
 * Leaves zod's way to JSON Schema out: 18 KB that every schema can reach, and that only the API's description asks for.
 * What asks all the same is told so.
 */
export const withoutJsonSchema: Plugin = {
  name: 'without-json-schema',
  setup: ({ onLoad }) => {
    onLoad({ filter: /zod\/v4\/core\/(?:to-json-schema|json-schema-processors)\.js$/ }, async ({ path }) => {
      const whole = await readFile(path, 'utf8');
      const names = [...whole.matchAll(/^export (?:const|function) (\w+)/gm)].map(([, name]) => name);
      if (names.length === 0) throw new Error(`${path} no longer exports as infra/bundle/json-schema.ts expects.`);
      const refuse = "const refuse = () => { throw new Error('JSON Schema is not in this bundle (infra/bundle).'); };";
      const contents = [refuse, ...names.map((name) => `export const ${name} = refuse;`)].join('\n');
      return { contents: `${contents}\nexport { refuse as process };\n`, loader: 'js' };
    });
  },
};
