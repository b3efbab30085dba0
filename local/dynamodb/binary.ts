import { accessSync, constants, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';

/** The engine's executable: from the optional npm package of this platform, else `dynoxide` in PATH. */
export function findDynoxide(
  environment: Readonly<Record<string, string | undefined>>,
  machine: { readonly platform: string; readonly arch: string } = process,
): string {
  const found = inPackage(machine) ?? inPath(environment.PATH ?? '');
  if (found) return found;
  throw new Error(
    'No DynamoDB engine found. Any of these three will do: run `npm ci` on Linux x64, which installs ' +
      '@dynoxide/linux-x64; or put the command `dynoxide` in PATH (`npm install -g dynoxide`, or Homebrew); or set ' +
      'RUNNER_PILOT_DYNAMODB_ENDPOINT to the URL of one that runs already, such as http://127.0.0.1:8000.',
  );
}

function inPackage({ platform, arch }: { platform: string; arch: string }): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve(`@dynoxide/${platform}-${arch}/package.json`);
    return executable(join(dirname(manifest), 'dynoxide'));
  } catch {
    return undefined; // Not installed here: optional dependencies are skipped on other platforms.
  }
}

function inPath(path: string): string | undefined {
  for (const folder of path.split(delimiter)) {
    const found = folder === '' ? undefined : executable(join(folder, 'dynoxide'));
    if (found) return found;
  }
  return undefined;
}

function executable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile() ? path : undefined;
  } catch {
    return undefined;
  }
}
