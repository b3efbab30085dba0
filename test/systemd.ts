import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const needed = [
  '/lib/systemd/systemd',
  '/lib/systemd/systemd-logind',
  '/usr/bin/dbus-daemon',
  '/usr/lib/polkit-1/polkitd',
];

/** What this machine lacks to have another run by systemd, if anything. */
export function systemdLack(): string | undefined {
  const absent = needed.filter((path) => !existsSync(path));
  return absent.length === 0 ? undefined : `A machine that systemd runs needs ${absent.join(', ')}.`;
}

/** What would reach through to this machine: its devices, its kernel's log, how its disks are mounted. */
const masked = [
  'systemd-initctl.socket',
  'systemd-journald-audit.socket',
  'systemd-journald-dev-log.socket',
  'systemd-remount-fs.service',
];

/** Writes the machine's units: an engine and logins are enabled, and nothing else that is on this machine. */
export function writeUnits(units: string, dockerd: string): void {
  const wanted = join(units, 'multi-user.target.wants');
  mkdirSync(wanted, { recursive: true });
  writeFileSync(
    join(units, 'docker.service'),
    `[Service]\nExecStart=/bin/sh -c 'exec ${dockerd}'\nDelegate=yes\nKillMode=process\nRestart=always\n`,
  );
  symlinkSync('../docker.service', join(wanted, 'docker.service'));
  // It starts what lingers.
  symlinkSync('/lib/systemd/system/systemd-logind.service', join(wanted, 'systemd-logind.service'));
  for (const unit of masked) symlinkSync('/dev/null', join(units, unit));
}

const cgroups = '/sys/fs/cgroup';

/** Makes a control group in each hierarchy of this machine. */
export function makeCgroups(name: string): void {
  const isGroup = (path: string) => existsSync(join(path, 'cgroup.procs'));
  const hierarchies = isGroup(cgroups) ? [cgroups] : readdirSync(cgroups).map((name) => join(cgroups, name));
  for (const hierarchy of hierarchies.filter(isGroup)) mkdirSync(join(hierarchy, name), { recursive: true });
}

/** Goes before `unshare`, by the shell alone: those control groups are the machine's roots. A set of processors begins empty, and takes nobody then. */
export const joinCgroups = `for group in ${cgroups}/$0 ${cgroups}/*/$0; do
  [ ! -e "$group/cgroup.procs" ] || [ -e "$group/cpuset.sched_load_balance" ] || echo $$ >"$group/cgroup.procs"
done`;

/** Ends a machine's first process: it becomes systemd, which ends with the standard input that the process had. */
export const becomeSystemd = `[ -e booted ] || { rm -rf /etc/systemd/system; cp -R units /etc/systemd/system; touch booted; }
mkdir -p /etc/systemd/journald.conf.d /run/lock
printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\nAudit=no\\n' >/etc/systemd/journald.conf.d/volatile.conf
for target in sysinit local-fs multi-user graphical timers; do
  folder=/lib/systemd/system/$target.target.wants
  [ ! -d "$folder" ] || mount -t tmpfs tmpfs "$folder"
done
umount -l /sys/fs/cgroup
if [ "$(cut -d: -f1 /proc/self/cgroup)" = 0 ]; then
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
  mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
  for controllers in $(cut -d: -f2 /proc/self/cgroup); do
    mkdir "/sys/fs/cgroup/\${controllers#name=}"
    case $controllers in name=*) options=none,$controllers ;; *) options=$controllers ;; esac
    mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/\${controllers#name=}"
  done
fi
exec 3<&0 </dev/null
# SIGRTMIN+13: halt at once.
(cat <&3 >/dev/null; kill -47 1) &
exec 3<&-
container=other exec /lib/systemd/systemd --unit=multi-user.target --log-target=journal`;
