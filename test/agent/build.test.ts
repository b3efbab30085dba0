import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { buildAgent } from '#agent/build.ts';
import { agentVersion } from '#agent/version.ts';

const folder = mkdtempSync(join(tmpdir(), 'rp-build-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the agent is one small file that runs alone, and its installer knows its hash', async () => {
  const built = await buildAgent(folder);

  const { stdout } = await promisify(execFile)(process.execPath, [built.path, '--version'], { cwd: '/', env: {} });

  expect(stdout).toBe(`${agentVersion}\n`);
  expect(built.bytes).toBeLessThan(400 * 1024);
  expect(readFileSync(join(folder, 'install.sh'), 'utf8')).toContain(`sha256='${built.sha256}'`);
  expect(readFileSync(built.path, 'utf8')).toContain('Starts GitHub');
});
