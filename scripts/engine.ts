// `npm run engine`: makes sure that a Docker engine answers. Needs nothing but Node, so that it can run before `npm ci`.

import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { findEngine } from '../local/engine.ts';

const logFile = '/var/log/dockerd.log';
const readyWithinMs = 60_000;
const say = (text: string) => process.stdout.write(`${text}\n`);

async function ensureEngine(): Promise<void> {
  const found = await findEngine(process.env);
  if (found.host !== undefined) return void say(`Docker ${found.version} answers at ${found.host}. Nothing to do.`);
  if (process.env.DOCKER_HOST) {
    throw new Error(
      `DOCKER_HOST names an engine that can't be used: ${found.problem}\nStart it, or unset DOCKER_HOST.`,
    );
  }
  // An engine that is there and refuses us is somebody's: it is not for us to install another.
  if (found.problem.includes('EACCES')) {
    throw new Error(
      `There is an engine that you may not use: ${found.problem}\n` +
        'Ask for membership in the group docker (`sudo usermod -aG docker $USER`, then log in again).',
    );
  }
  if (!isDebian() || process.getuid?.() !== 0) throw new Error(whatToDo());
  if (!inPath('dockerd')) install(['docker.io', 'iptables', 'ca-certificates', 'busybox-static']);
  start();
  await ready();
}

function isDebian(): boolean {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return /^ID(?:_LIKE)?=.*\b(?:debian|ubuntu)\b/m.test(release);
}

function whatToDo(): string {
  if (process.platform === 'darwin') {
    return 'No Docker engine answers. Start Docker Desktop, Colima or OrbStack, then run this again.';
  }
  if (isDebian()) return 'No Docker engine answers, and only root can install one: `sudo npm run engine`.';
  return (
    'No Docker engine answers. Install one as https://docs.docker.com/engine/install/ says and start it, or set ' +
    'DOCKER_HOST to one that runs elsewhere on this machine.'
  );
}

const inPath = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;

function install(packages: readonly string[]): void {
  say(`Installing ${packages.join(', ')} …`);
  const apt = (...args: string[]) =>
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  const installed = () => apt('install', '--yes', '--quiet', '--no-install-recommends', ...packages);
  // The lists of a fresh machine are empty or old.
  if (!installed() && !(apt('update', '--quiet') && installed())) {
    throw new Error(`apt-get could not install ${packages.join(', ')}. Its own words are above.`);
  }
}

/** The package may have started it already; otherwise through systemd where that is in charge, else by ourselves. */
function start(): void {
  const systemd = existsSync('/run/systemd/system');
  if (systemd && spawnSync('systemctl', ['enable', '--now', 'docker'], { stdio: 'inherit' }).status === 0) return;
  const log = openSync(logFile, 'a', 0o600);
  const engine = spawn('dockerd', [], { detached: true, stdio: ['ignore', log, log] });
  engine.on('error', () => {}); // Nothing will answer, and that is told.
  engine.unref();
  closeSync(log);
}

async function ready(): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    const engine = await findEngine(process.env);
    if (engine.host !== undefined) return void say(`Docker ${engine.version} answers at ${engine.host}.`);
    if (Date.now() > deadline) throw new Error(`The engine does not answer: ${engine.problem}\n${tail()}`);
    await sleep(200);
  }
}

function tail(): string {
  if (!existsSync(logFile)) return 'See `journalctl -u docker`.';
  return `The end of ${logFile}:\n${readFileSync(logFile, 'utf8').split('\n').slice(-15).join('\n')}`;
}

try {
  await ensureEngine();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
