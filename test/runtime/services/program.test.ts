import { createHash } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serviceHost } from '#runtime/service.ts';
import { program } from '#runtime/services/program.ts';

const open = (folder: string) => serviceHost({ RUNNER_PILOT_AGENT_FOLDER: folder }).use(program);

test('an installation without an agent program still tells nodes which one it serves: none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'program-'));

  const served = open(folder);

  expect((await served.release()).sha256).toBe('');
  await expect(served.agent()).rejects.toMatchObject({ code: 'installer.not-found' });
});

test('it is found once it has been built, and told by its hash', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'program-'));
  const served = open(folder);
  await served.release();

  await writeFile(join(folder, 'agent.mjs'), 'the program');

  expect((await served.release()).sha256).toBe(createHash('sha256').update('the program').digest('hex'));
});
