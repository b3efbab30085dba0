import { execFileSync, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callEngine } from '#local/demo/engine.ts';
import { until } from './journeys/http.ts';

/** A Docker engine whose data has a small file system of its own. */
export interface SmallEngine extends AsyncDisposable {
  readonly socket: string;
}

/** Starts one with so many megabytes. No container of it reaches anything, and it ends with what has started it. */
export async function startSmallEngine(megabytes: number): Promise<SmallEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'rp-engine-'));
  const data = join(folder, 'data');
  const socket = join(folder, 'docker.sock');
  mkdirSync(data);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', data]);
  // With none at all it would take away docker0, which belongs to the machine's own engine.
  const bridge = `rpe${randomBytes(4).toString('hex')}`;
  execFileSync('ip', ['link', 'add', bridge, 'type', 'bridge']);
  execFileSync('ip', ['address', 'add', `10.223.${randomInt(1, 255)}.1/24`, 'dev', bridge]);
  const flags = [`--bridge=${bridge}`, '--iptables=false', '--ip6tables=false', '--storage-driver=vfs'];
  const places = [
    `--data-root=${data}`,
    `--exec-root=${folder}/exec`,
    `--pidfile=${folder}/pid`,
    `--host=unix://${socket}`,
  ];
  const child = spawn('dockerd', [...flags, ...places], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  await until(
    'the engine',
    () =>
      callEngine(socket, 'GET', '/_ping').then(
        ({ status }) => status === 200,
        () => child.exitCode !== null,
      ),
    30,
  );
  return {
    socket,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
      execFileSync('ip', ['link', 'delete', bridge]);
      execFileSync('umount', ['--lazy', data]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
