import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { bundle } from '#infra/bundle.ts';

/** A way in which a function could be made. */
export interface Variant {
  readonly name: string;
  readonly file: string;
  /** Further variables of its process. */
  readonly environment?: Readonly<Record<string, string>>;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
// Packages of the SDK's family are CommonJS in parts.
const requires = "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);";
const esm: BuildOptions = {
  format: 'esm',
  banner: { js: `${requires}globalThis.__zod_globalConfig={jitless:true};` },
  outExtension: { '.js': '.mjs' },
};
const usual: BuildOptions = {
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  logLevel: 'error',
};

/** The function as it is deployed, as it is usually written, and with each choice made the other way. */
export async function variantsOf(id: string, pascalId: string, into: string): Promise<readonly Variant[]> {
  const ours = await bundle([id], `${into}/ours`);
  await bundle([id], `${into}/esm`, esm);
  const withChain = await bundle([id], `${into}/chain`, { alias: {} });
  const oneWay = async (name: string, options: BuildOptions): Promise<string> => {
    const outfile = `${into}/${name}/index.${options.format === 'esm' ? 'mjs' : 'js'}`;
    await build({ ...usual, entryPoints: [here(`${name}.ts`)], outfile, ...options });
    return outfile;
  };
  const cache = `${into}/cache`;
  mkdirSync(cache);
  const file = `${ours.folderOf(id)}/index.js`;
  return [
    { name: 'as deployed', file },
    { name: 'the usual way', file: await oneWay('usual', { format: 'esm', banner: { js: requires } }) },
    { name: 'as an ES module', file: `${into}/esm/${pascalId}/index.mjs` },
    { name: "with the SDK's own credential chain", file: `${withChain.folderOf(id)}/index.js` },
    { name: 'with a warm compile cache', file, environment: { NODE_COMPILE_CACHE: cache } },
    { name: 'client-dynamodb alone', file: await oneWay('client', { format: 'cjs' }) },
  ];
}
