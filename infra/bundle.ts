import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { type Attachment, attachments } from './attachments.ts';
import { ownDescriptions } from './bundle/descriptions.ts';
import { plainEndpoints } from './bundle/endpoints.ts';
import { withoutJsonSchema } from './bundle/json-schema.ts';
import { packPasswords } from './bundle/passwords.ts';
import { trimSdk } from './bundle/trim.ts';
import { functionFile } from './functions.ts';
import { pascal } from './names.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The function that publishes the signing keys' public halves: part of the deployment, not of the product. */
export const jwksFunction = 'deployment.jwks';

/** What esbuild has made. */
export interface Bundles {
  /** The folder of a function's artefact, by its id. */
  readonly folderOf: (id: string) => string;
  /** What went into each artefact, by its id. */
  readonly outputOf: (id: string) => Metafile['outputs'][string] | undefined;
}

const options = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  // Node 24 loads it faster than ES modules (docs/adr/0015).
  format: 'cjs',
  // zod compiles each schema when it first parses by it: 15 ms of a first call, for microseconds of those after it. This
  // is where it looks for its configuration, before any schema is made.
  banner: { js: 'globalThis.__zod_globalConfig={jitless:true};' },
  // The SDK loads node:http when it first sends: by `require`, for `import()` takes Node 24 30 ms (nodejs/node#59686).
  supported: { 'dynamic-import': false },
  // The SDK's CommonJS halves are one file each, which can't be trimmed.
  mainFields: ['module', 'main'],
  conditions: ['module'],
  alias: {
    '@aws-sdk/credential-provider-node': here('bundle/credentials.ts'),
    '@aws-sdk/middleware-endpoint-discovery': here('bundle/endpoint-discovery.ts'),
    '@smithy/core/event-streams': here('bundle/event-streams.ts'),
    'json-with-bigint': here('bundle/json.ts'),
  },
  legalComments: 'none',
  // Beside the artefacts, not into them: they would be read at each start.
  sourcemap: 'external',
  metafile: true,
  logLevel: 'warning',
} as const satisfies BuildOptions;

/** The one function that describes the API: it needs the contract's examples, and zod's way to JSON Schema. */
const describes = (id: string): boolean => id === 'system.openapi';

/** Bundles all functions at once, each into a folder of its own; `over` is for measuring what each option is worth. */
export async function bundle(
  ids: readonly string[],
  into = `${root}dist/functions`,
  over: BuildOptions = {},
): Promise<Bundles> {
  const entries = new Map([
    ...ids.map((id) => [id, `${root}${functionFile(id)}`] as const),
    [jwksFunction, here('jwks/publish.ts')] as const,
  ]);
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true });
  // The project is `type: module`; Lambda takes `.js` without a package.json for CommonJS, and so does this.
  writeFileSync(`${into}/package.json`, '{"type":"commonjs"}\n');

  const run = async (which: (id: string) => boolean, plugins: Plugin[]): Promise<Metafile> => {
    const entryPoints = [...entries].filter(([id]) => which(id)).map(([id, path]) => [`${pascal(id)}/index`, path]);
    const given = { entryPoints: Object.fromEntries(entryPoints), outdir: into, plugins };
    const built = await build({ ...options, ...given, ...over, metafile: true });
    return built.metafile;
  };
  const made = await Promise.all([
    run((id) => !describes(id), [trimSdk, plainEndpoints, packPasswords, ownDescriptions, withoutJsonSchema]),
    run(describes, [trimSdk, plainEndpoints]),
  ]);

  const folderOf = (id: string): string => `${into}/${pascal(id)}`;
  for (const id of ids) attach(folderOf(id), attachments[id]);
  const outputs = made.flatMap((metafile) => Object.entries(metafile.outputs));
  return {
    folderOf,
    outputOf: (id) => outputs.find(([path]) => path.endsWith(`/${pascal(id)}/index.js`))?.[1],
  };
}

/** Puts files beside a bundle. */
function attach(folder: string, attachment: Attachment | undefined): void {
  if (!attachment) return;
  mkdirSync(`${folder}/${attachment.into}`);
  for (const file of attachment.files) {
    copyFileSync(`${attachment.from}/${file}`, `${folder}/${attachment.into}/${file}`);
  }
}
