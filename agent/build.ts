import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What was built. */
export interface BuiltAgent {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Bundles the agent into `agent.mjs`, with the entry script inside, and stamps `install.sh` with its hash. */
export async function buildAgent(folder: string = here('../dist/agent')): Promise<BuiltAgent> {
  const { outputFiles } = await build({
    entryPoints: [here('main.ts')],
    bundle: true,
    write: false,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    legalComments: 'none',
    // Packages of the SDK's family are CommonJS in parts.
    banner: {
      js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
    },
    plugins: [
      {
        name: 'entry-script',
        setup({ onLoad }) {
          onLoad({ filter: /\/agent\/entry\.ts$/ }, () => ({
            contents: `export const entryScript = () => ${JSON.stringify(readFileSync(here('entry.sh'), 'utf8'))};`,
          }));
        },
      },
    ],
  });
  const [bundle] = outputFiles;
  if (bundle === undefined) throw new Error('esbuild has made no file of the agent.');
  const sha256 = createHash('sha256').update(bundle.contents).digest('hex');
  const path = join(folder, 'agent.mjs');
  const installer = readFileSync(here('install.sh'), 'utf8').replace(/^sha256=''$/m, `sha256='${sha256}'`);

  mkdirSync(folder, { recursive: true });
  writeFileSync(path, bundle.contents);
  writeFileSync(join(folder, 'agent.mjs.sha256'), `${sha256}  agent.mjs\n`);
  writeFileSync(join(folder, 'install.sh'), installer, { mode: 0o755 });
  return { path, sha256, bytes: bundle.contents.byteLength };
}

if (import.meta.main) {
  const { path, sha256, bytes } = await buildAgent();
  console.log(`${path}: ${Math.round(bytes / 1024)} KB, sha256 ${sha256}`);
}
