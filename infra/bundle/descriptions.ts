import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';

// Operations, services and schemas are made when their file is loaded, and a bundler can't see that making them does
// nothing else: it would keep them all. Measured: 20 of 100 ms of a function's start were other operations' schemas.

/** The start of a statement that only describes something. */
const describing = /^(?:export )?const \w+ = (?=(?:operation|service|rowType)\(|z$|z\.)/;

/** Marks statements that describe something as free of effects. Relies on the formatter: what belongs is indented. */
export function markDescriptions(source: string): string {
  const lines = source.split('\n');
  const marked: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const first = lines[at] ?? '';
    const head = describing.exec(first)?.[0];
    if (head === undefined) {
      marked.push(first);
      continue;
    }
    let last = at;
    while (last < lines.length - 1 && !ends(lines[last] ?? '')) last += 1;
    const statement = lines.slice(at, last + 1).join('\n');
    marked.push(`${head}/* @__PURE__ */ (() => ${statement.slice(head.length).replace(/;$/, '')})();`);
    at = last;
  }
  return marked.join('\n');
}

/** Whether a line is the last one of such a statement: what is inside of functions is indented by four at least. */
const ends = (line: string): boolean => line.endsWith(';') && !line.startsWith('   ');

/** The examples of an operation, as the formatter leaves them: on one line, or up to its own indentation. */
const examples = /^ {2}examples: \{(?: .*\},|\n[\s\S]*?^ {2}\},)$/gm;

/** Which operation `contract.nodes.create` is: the file that describes it, and its name there. */
function contractEntries(): ReadonlyMap<string, { readonly file: string; readonly name: string }> {
  const source = readFileSync(fileURLToPath(new URL('../../shared/contract/operations.ts', import.meta.url)), 'utf8');
  const entries = new Map<string, { file: string; name: string }>();
  for (const [, group = '', body = ''] of source.matchAll(/^ {2}(\w+): \{([\s\S]*?)\},$/gm)) {
    for (const [, key = '', file = '', name = ''] of body.matchAll(/(\w+): (\w+)\.(\w+)/g)) {
      entries.set(`contract.${group}.${key}`, { file, name });
    }
  }
  return entries;
}

/** Has a function import its own operation instead of the contract that holds it. */
export function importOwnOperation(source: string, path: string): string {
  if (!source.includes("import { contract } from '#contract/operations.ts';")) return source;
  const entries = contractEntries();
  const used = [...new Set(source.match(/\bcontract\.\w+\.\w+/g) ?? [])];
  const imports = used.map((expression) => {
    const entry = entries.get(expression);
    if (!entry) throw new Error(`${path} uses ${expression}, which infra/bundle/descriptions.ts doesn't find.`);
    return `import { ${entry.name} as ${expression.replaceAll('.', '_')} } from '#contract/${entry.file}.ts';`;
  });
  return source
    .replaceAll(/\bcontract\.(\w+)\.(\w+)/g, 'contract_$1_$2')
    .replace("import { contract } from '#contract/operations.ts';", imports.join(' '));
}

/** Leaves out of a bundle the operations, services and schemas that its function has no use for. */
export const ownDescriptions: Plugin = {
  name: 'own-descriptions',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/shared\/(?:contract|domain|runtime|store)\/.*\.ts$/ }, async ({ path }) => {
      const source = (await readFile(path, 'utf8')).replaceAll(examples, '  examples: {},');
      return { contents: markDescriptions(source), loader: 'ts' };
    });
    onLoad({ filter: /\/functions\/[a-z]+\/[a-z]+\.ts$/ }, async ({ path }) => ({
      contents: importOwnOperation(await readFile(path, 'utf8'), path),
      loader: 'ts',
    }));
  },
};
