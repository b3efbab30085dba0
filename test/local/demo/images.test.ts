import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { callEngine } from '#local/demo/engine.ts';
import { makeDemoImages, plainImage, runnerImage } from '#local/demo/images.ts';
import { runnerTarball } from '#local/demo/runner/tarball.ts';
import { tar } from '#local/demo/tar.ts';
import { startContainer } from './containers.ts';

const inspect = async (
  image: string,
): Promise<{ Id: string; Config: { User: string; WorkingDir: string; Env: string[] } }> =>
  JSON.parse((await callEngine('/var/run/docker.sock', 'GET', `/images/${image}/json`)).body.toString('utf8'));

beforeAll(() => makeDemoImages());

describe('the images', () => {
  test('are not made again when they are there', async () => {
    const before = await Promise.all([plainImage, runnerImage].map(inspect));

    await makeDemoImages();

    expect((await Promise.all([plainImage, runnerImage].map(inspect))).map(({ Id }) => Id)).toEqual(
      before.map(({ Id }) => Id),
    );
  });

  test('are laid out as the real one: user 1001 in /home/runner, signals trapped', async () => {
    const { Config } = await inspect(runnerImage);

    expect(Config).toMatchObject({ User: 'runner', WorkingDir: '/home/runner' });
    expect(Config.Env).toContain('RUNNER_MANUALLY_TRAP_SIG=1');
  });

  test('have a shell and the usual tools', async () => {
    await using container = await startContainer({
      image: plainImage,
      command: [
        '/bin/sh',
        '-c',
        'id; echo hello | /usr/bin/env grep -c hello; ls -ld /tmp; ls /bin/wget /bin/tar /bin/sed',
      ],
    });

    expect((await container.ended()).exitCode).toBe(0);
    expect(await container.logs()).toMatch(/^uid=0.*\n1\ndrwxrwxrwt.*\n\/bin\/sed\n\/bin\/tar\n\/bin\/wget\n$/);
  });

  test('need an engine, and say so', async () => {
    await expect(makeDemoImages('/nowhere/docker.sock')).rejects.toThrow('Start Docker, or name its socket');
  });
});

describe('the release tarball', () => {
  test('is the same bytes each time, and other ones for another version', () => {
    expect(runnerTarball('2.335.0').sha256).toBe(runnerTarball('2.335.0').sha256);
    expect(runnerTarball('2.335.0').sha256).not.toBe(runnerTarball('2.336.0').sha256);
  });

  test('has scripts that shellcheck finds nothing in', () => {
    const folder = mkdtempSync(join(tmpdir(), 'runner-pilot-demo-'));
    try {
      writeFileSync(join(folder, 'r.tgz'), runnerTarball('2.335.0').content);
      execFileSync('tar', ['-xzf', 'r.tgz'], { cwd: folder });
      const scripts = ['config.sh', 'run.sh', 'run-helper.sh', 'bin/Runner.Listener', 'bin/Runner.Worker'];

      const found = execFileSync(
        'sh',
        [
          '-c',
          'for f; do sh -n "$f" || exit 1; done; ! command -v shellcheck >/dev/null || shellcheck -S warning -s sh -x "$@"',
          '-',
          ...scripts,
        ],
        { cwd: folder, encoding: 'utf8' },
      );

      expect(found).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('an archive', () => {
  test('is read by tar as it was written', () => {
    const listing = execFileSync('tar', ['-tvf', '-', '--numeric-owner'], {
      input: tar([
        { path: 'a/', uid: 1001 },
        { path: 'a/b', content: Buffer.from('hello'), mode: 0o755, uid: 1001 },
        { path: 'c', link: 'a/b' },
        { path: 'empty', content: Buffer.alloc(0) },
      ]),
      encoding: 'utf8',
    });

    expect(listing).toMatch(
      /^drwxr-xr-x 1001\/1001 +0 .* a\/\n-rwxr-xr-x 1001\/1001 +5 .* a\/b\nlrw-r--r-- 0\/0 +0 .* c -> a\/b\n-rw-r--r-- 0\/0 +0 .* empty\n$/,
    );
  });

  test('refuses a path that its header has no room for', () => {
    expect(() => tar([{ path: 'x'.repeat(101) }])).toThrow('longer than');
  });
});
