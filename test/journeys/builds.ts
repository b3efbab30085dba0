import { createHash } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentVersion } from '#agent/version.ts';

/**
 * Makes another build of the agent in `from`: the same program with another version, and with something at its beginning.
 * The answer is its SHA-256.
 */
export async function anotherBuild(from: string, to: string, version: string, first = ''): Promise<string> {
  await cp(from, to, { recursive: true });
  const text = await readFile(join(from, 'agent.mjs'), 'utf8');
  const program = text.replaceAll(`"${agentVersion}"`, `"${version}"`).replace('\n', `\n${first}`);
  await writeFile(join(to, 'agent.mjs'), program);
  const installer = await readFile(join(from, 'install.sh'), 'utf8');
  const sha256 = createHash('sha256').update(program).digest('hex');
  await writeFile(join(to, 'install.sh'), installer.replace(/^sha256='.*'$/m, `sha256='${sha256}'`));
  return sha256;
}
