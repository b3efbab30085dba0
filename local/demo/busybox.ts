import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const places = ['/bin/busybox', '/usr/bin/busybox', '/usr/local/bin/busybox'];
const howToGetIt =
  'The stand-in needs a statically linked busybox, from which its runner and images are made. Install one: apt-get install busybox-static (Debian, Ubuntu), apk add busybox-static (Alpine), dnf install busybox (Fedora).';

/** A statically linked program has no PT_INTERP among its program headers (ELF-64, little endian). */
function isStatic(elf: Buffer): boolean {
  if (elf.length < 64 || elf.readUInt32BE(0) !== 0x7f454c46) return false;
  const at = Number(elf.readBigUInt64LE(32));
  const size = elf.readUInt16LE(54);
  const count = elf.readUInt16LE(56);
  for (let i = 0; i < count; i++) if (elf.readUInt32LE(at + i * size) === 3) return false;
  return true;
}

function find(): { path: string; program: Buffer } {
  for (const path of places) {
    try {
      const program = readFileSync(path);
      if (isStatic(program)) return { path, program };
    } catch {
      // Not there: the next place.
    }
  }
  throw new Error(`${howToGetIt} Looked for it at ${places.join(', ')}.`);
}

/** This machine's busybox, and the names that it answers to. */
export function busybox(): { program: Buffer; applets: readonly string[] } {
  const { path, program } = find();
  const applets = execFileSync(path, ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean);
  return { program, applets: applets.filter((name) => name !== 'busybox') };
}
