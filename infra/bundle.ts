import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { type Attachment, agentProgram, attachments } from './attachments.ts';
import { trimSdk } from './bundle/trim.ts';
import { functionFile } from './functions.ts';
import { pascal } from './names.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The function that publishes the signing keys' public halves: part of the deployment, not of the product. */
export const jwksFunction = 'deployment.jwks';

/** What one run of esbuild has made. */
export interface Bundles {
  /** The folder of a function's artefact, by its id. */
  readonly folderOf: (id: string) => string;
  readonly metafile: Metafile;
  /** Of the agent's program, in hex. */
  readonly agentSha256: string;
}

/**
 * Bundles all functions in one run, one folder each. CommonJS, because Node 24 loads it faster than ES modules
 * (docs/adr/0020). Source maps go beside the artefacts, not into them: they would be read at each start.
 */
export async function bundle(ids: readonly string[], into = `${root}dist/functions`): Promise<Bundles> {
  const entries = Object.fromEntries(ids.map((id) => [`${pascal(id)}/index`, `${root}${functionFile(id)}`]));
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true });
  // The project is `type: module`; Lambda takes `.js` without a package.json for CommonJS, and so does this.
  writeFileSync(`${into}/package.json`, '{"type":"commonjs"}\n');
  const { metafile } = await build({
    entryPoints: { ...entries, [`${pascal(jwksFunction)}/index`]: here('jwks/publish.ts') },
    outdir: into,
    absWorkingDir: root,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    // The SDK's CommonJS halves are one file each, which can't be trimmed.
    mainFields: ['module', 'main'],
    conditions: ['module'],
    alias: {
      '@aws-sdk/credential-provider-node': here('bundle/credentials.ts'),
      '@aws-sdk/middleware-endpoint-discovery': here('bundle/endpoint-discovery.ts'),
      '@smithy/core/event-streams': here('bundle/event-streams.ts'),
    },
    plugins: [trimSdk],
    legalComments: 'none',
    sourcemap: 'external',
    metafile: true,
    logLevel: 'warning',
  });
  const folderOf = (id: string): string => `${into}/${pascal(id)}`;
  for (const id of ids) attach(folderOf(id), attachments[id]);
  return { folderOf, metafile, agentSha256: createHash('sha256').update(readFileSync(agentProgram)).digest('hex') };
}

/** Puts files beside a bundle. */
function attach(folder: string, attachment: Attachment | undefined): void {
  if (!attachment) return;
  mkdirSync(`${folder}/${attachment.into}`);
  for (const file of attachment.files) {
    copyFileSync(`${attachment.from}/${file}`, `${folder}/${attachment.into}/${file}`);
  }
}
