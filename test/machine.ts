import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe } from 'vitest';
import { callEngine } from '#local/demo/engine.ts';
import { until } from './journeys/http.ts';
import { becomeSystemd, joinCgroups, makeCgroups, systemdLack, writeUnits } from './systemd.ts';

const run = promisify(execFile);

/** What this machine lacks to be two, if anything. */
function missing(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'Only root of a Linux machine can make another.';
  const folders = (process.env.PATH ?? '').split(delimiter);
  const programs = ['dockerd', 'containerd', 'runc', 'ip', 'iptables', 'unshare', 'nsenter', 'curl', 'flock'];
  const absent = programs.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  return absent.length === 0 ? undefined : `A second machine needs ${absent.join(', ')}.`;
}
/** A suite that needs something: where that is lacking it is skipped, in CI it fails. */
function describeUnless(lack: string | undefined) {
  if (lack !== undefined && process.env.CI) throw new Error(lack);
  if (lack !== undefined) console.warn(`${lack} What needs one is skipped.`);
  return lack === undefined ? describe : describe.skip;
}

/** A suite that needs a second machine. */
export const describeWithMachine = describeUnless(missing());
/** A suite that needs one that systemd runs. */
export const describeWithSystemd = (name: string, body: () => void) =>
  describeUnless(missing() ?? systemdLack())(name, body);

/** What a machine writes to that is not its engine's: what is installed on it ends up in one of these. */
const writable = ['/etc', '/usr/local', '/var/lib'];

const dockerd = (folder: string, name: string) =>
  `dockerd --config-file ${folder}/daemon.json --cgroup-parent /${name} >>${folder}/dockerd.log 2>&1 </dev/null`;

/**
 * What becomes the machine's first process: it ends with its standard input, so with whoever has started it, and all
 * of the machine with it. The boot id is masked as container engines mask what lies in /proc.
 */
const init = `set -eu
mount --bind boot_id /proc/sys/kernel/random/boot_id
${writable.map((path) => `mount -t overlay overlay -o "lowerdir=${path},upperdir=$PWD/upper${path},workdir=$PWD/work${path}" ${path}`).join('\n')}
mkdir -p /var/lib/docker
if [ -n "$2" ]; then mount -t tmpfs -o "size=$2m" tmpfs /var/lib/docker; else mount --bind docker /var/lib/docker; fi
mount -t tmpfs -o mode=755 tmpfs /run
`;
const withoutSystemd = `${dockerd('"$PWD"', '"$1"')} &
cat >/dev/null`;

/** A machine of its own: network, processes, mounts and a Docker engine, on this one's kernel. */
export type SecondMachine = Awaited<ReturnType<typeof makeMachine>>;

/** How a machine is made. */
export interface MachineOptions {
  /** The size of the disk on which the engine keeps its data, which then goes with the power. @default as large as ours */
  readonly diskMb?: number;
  /** The engine's daemon.json. */
  readonly daemon?: Readonly<Record<string, unknown>>;
  /** Whether systemd is what runs there. @default nothing is but the engine */
  readonly systemd?: boolean;
}

/** Makes a machine that reaches this one at `hostAddress`, and that nobody reaches. It is off until it is booted. */
export async function makeMachine({ diskMb, daemon = {}, systemd = false }: MachineOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'rp-machine-'));
  const name = `rpm${randomUUID().slice(0, 8)}`;
  const network = `10.${randomInt(224, 240)}.${randomInt(1, 255)}`;
  const hostAddress = `${network}.1`;
  const address = `${network}.2`;
  const bridge = `${name}b`;
  const link = `${name}l`;
  const environment = {
    PATH: ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(delimiter),
    HOME: '/root',
  };
  const host = (command: string) => run('sh', ['-euc', command], { env: environment });
  let shell: ChildProcess | undefined;
  let first = 0;

  for (const path of writable) {
    for (const layer of ['upper', 'work']) mkdirSync(join(folder, layer, path), { recursive: true });
  }
  mkdirSync(join(folder, 'docker'));
  writeFileSync(join(folder, 'dockerd.log'), '');
  if (systemd) {
    writeUnits(join(folder, 'units'), dockerd(folder, name));
    makeCgroups(name);
  }
  writeFileSync(join(folder, 'daemon.json'), JSON.stringify({ ...daemonConfig(folder), ...daemon }));
  // Most machines have one; on this machine's root the line works the same without.
  mkdirSync(join(folder, 'upper/usr/local/bin'), { recursive: true });
  writeFileSync(join(folder, 'upper/usr/local/bin/sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  // Its own copy: this checkout may lie where the machine's users can't look.
  copyFileSync(process.execPath, join(folder, 'upper/usr/local/bin/node'));
  await host(
    `ip link add ${bridge} type bridge; ip addr add ${hostAddress}/24 dev ${bridge}; ip link set ${bridge} up`,
  );

  const engineAnswers = () =>
    callEngine(machine.socket(), 'GET', '/_ping').then(
      ({ status }) => status === 200,
      () => false,
    );
  const launchEngine = () =>
    machine.run(systemd ? 'systemctl start docker' : `rm -f /run/docker.pid; setsid ${dockerd(folder, name)} &`);
  /** As an operator does: one that is killed while it makes a network may leave half of it, at which Docker 20.10 panics. */
  const engineAnswersOrIsMended = async (saidBefore: number, seconds: number): Promise<void> => {
    let read = saidBefore;
    const look = async () => {
      if (await engineAnswers()) return true;
      const said = machine.engineLog();
      if (/^panic: [\s\S]*libnetwork.*reservePools/m.test(said.slice(read))) {
        read = said.length;
        await machine.run('rm -f /var/lib/docker/network/files/local-kv.db');
        await launchEngine();
      }
      return false;
    };
    await until('the engine', look, seconds);
  };

  const machine = {
    hostAddress,
    isRunBySystemd: systemd,
    /** Where somebody would dial it. */
    address,
    /** The engine's socket, as it is seen from here. */
    socket: () => `/proc/${first}/root/run/docker.sock`,
    bootId: () => readFileSync(join(folder, 'boot_id'), 'utf8').trim(),

    /** Switches it on; resolves when its engine answers. */
    async boot(): Promise<void> {
      writeFileSync(join(folder, 'boot_id'), `${randomUUID()}\n`);
      const saidBefore = machine.engineLog().length;
      const flags = ['--mount', '--pid', '--net', '--ipc', '--uts', '--fork', '--kill-child', '--mount-proc'];
      const unshare = ['unshare', ...flags, ...(systemd ? ['--cgroup'] : [])];
      const becomeInit = ['sh', '-c', init + (systemd ? becomeSystemd : withoutSystemd), 'sh', name, `${diskMb ?? ''}`];
      const intoCgroups = systemd ? ['sh', '-euc', `${joinCgroups}\nexec "$@"`, name] : [];
      const [program = '', ...args] = [...intoCgroups, ...unshare, ...becomeInit];
      const started = spawn(program, args, { cwd: folder, env: environment, stdio: ['pipe', 'ignore', 'ignore'] });
      shell = started;
      first = await until('the first process', async () => {
        if (started.exitCode !== null)
          throw new Error(`unshare ended with ${started.exitCode}: no machine can be made here.`);
        return Number(readFileSync(`/proc/${started.pid}/task/${started.pid}/children`, 'utf8').trim()) || undefined;
      });
      await host(
        // One of before may not have gone yet with the machine that it was of.
        `ip link delete ${link} 2>/dev/null || :; ip link add ${link} type veth peer name eth0 netns ${first}; ip link set ${link} master ${bridge}; ip link set ${link} up`,
      );
      // What it has asked for comes in, as through NAT; whoever dials it is counted, and hears nothing.
      await host(`nsenter -t ${first} -n sh -eu <<END
ip link set lo up; ip addr add ${address}/24 dev eth0; ip link set eth0 up; ip route add default via ${hostAddress}
iptables -A INPUT -i eth0 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -A INPUT -i eth0 -p tcp --syn -j DROP
iptables -A INPUT -i eth0 -j DROP
END`);
      await engineAnswersOrIsMended(saidBefore, 60);
    },

    /** Resolves when the engine answers. */
    async engineAnswers(seconds = 30): Promise<void> {
      await until('the engine', engineAnswers, seconds);
    },

    /** Starts the engine again after it has ended; resolves when it answers. */
    async startEngine(seconds = 30): Promise<void> {
      const saidBefore = machine.engineLog().length;
      await launchEngine();
      await engineAnswersOrIsMended(saidBefore, seconds);
    },

    /** What the engine says of itself. */
    engineLog: (): string => readFileSync(join(folder, 'dockerd.log'), 'utf8'),

    /** Has systemd switch it off. */
    async shutDown(): Promise<void> {
      const gone = shell && once(shell, 'exit');
      // It ends as well.
      await machine.run('systemctl poweroff').catch(() => undefined);
      await gone;
      shell = undefined;
    },

    /** Pulls the plug: every process of it is gone, and what lay in memory. */
    async powerOff(): Promise<void> {
      const running = shell;
      shell = undefined;
      if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
      const gone = once(running, 'exit');
      if (first > 0) process.kill(first, 'SIGKILL');
      else running.kill('SIGKILL');
      await gone;
    },

    /** Runs a command of root's there; gives what it printed, and fails with what it complained of. */
    async run(command: string): Promise<string> {
      const flags = ['-t', `${first}`, '--mount', '--pid', '--net', '--ipc', '--uts', '--wd=/'];
      const { stdout } = await run('nsenter', [...flags, 'sh', '-euc', command], { env: environment });
      return stdout.trim();
    },

    /** Starts something that goes on, as what runs at boot does. */
    start: (command: string) => machine.run(`setsid ${command} </dev/null >>${folder}/started.log 2>&1 &`),

    /** The cable is out, or in. */
    cut: () => host(`ip link set ${link} down`),
    mend: () => host(`ip link set ${link} up`),

    /** How often somebody has dialed it. */
    async dialed(): Promise<number> {
      const rules = await machine.run('iptables -L INPUT -v -x -n');
      return Number(/^\s*(\d+).* tcp .*flags:0x17\/0x02/m.exec(rules)?.[1] ?? Number.NaN);
    },

    /** All that has been installed on it: files outside of its engine's folder, and in /run. */
    async installed(): Promise<string[]> {
      const kept = writable.map((path) => `${folder}/upper${path}`).join(' ');
      const files = `find ${kept} ! -type d; find /run -mindepth 1 -path '*runner-pilot*'; find ${kept} -path '*runner-pilot*'`;
      return [...new Set((await machine.run(files)).split('\n'))]
        .map((path) => path.replace(`${folder}/upper`, ''))
        .toSorted();
    },

    async [Symbol.asyncDispose](): Promise<void> {
      await machine.powerOff();
      await host(`ip link del ${bridge}`).catch(() => undefined);
      for (const controller of ['', ...readdirSync('/sys/fs/cgroup')])
        removeCgroup(join('/sys/fs/cgroup', controller, name));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return machine;
}

const sysResource = 1n << 24n;

/**
 * A privileged container gets every capability. Where this machine has been given all but CAP_SYS_RESOURCE, as in some
 * virtual machines, its engine gives containers what there is.
 */
function daemonConfig(folder: string): object {
  const [, bounding = ''] = /^CapBnd:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  if (BigInt(`0x${bounding}`) & sysResource) return {};
  const path = join(folder, 'runc');
  // Of a container in its bundle, of a further command in a file of its own.
  const script = `#!/bin/sh
for word; do
  case "$before" in --bundle) file=$word/config.json ;; --process) file=$word ;; *) file= ;; esac
  [ -z "$file" ] || sed -i 's/,"CAP_SYS_RESOURCE"//g; s/"CAP_SYS_RESOURCE",//g' "$file"
  before=$word
done
exec runc "$@"
`;
  writeFileSync(path, script, { mode: 0o755 });
  return { runtimes: { less: { path } }, 'default-runtime': 'less' };
}

/** A control group goes from its leaves on; it is empty, for its processes are gone. */
function removeCgroup(path: string): void {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(join(path, entry.name));
  }
  try {
    rmdirSync(path);
  } catch {
    // The last process may be on its way out: an empty group harms nobody.
  }
}
