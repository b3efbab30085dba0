import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { importImage, userland } from '#local/demo/images.ts';
import { defaultRunnerVersion, runnerFiles } from '#local/demo/runner/tarball.ts';
import type { TarEntry } from '#local/demo/tar.ts';

/** What docker:dind is: a Docker daemon and its client; made of this machine's, for no registry is asked. */
export const daemonImage = 'runner-pilot/test-docker:1';
/** An image with the stand-in's runner at `/home/runner` and a Docker client, as `ghcr.io/actions/actions-runner` is. */
export const clientImage = 'runner-pilot/test-docker-client:1';

const path = 'ENV PATH=/usr/bin:/bin';
const client = ['docker'];
const daemon = ['dockerd', 'docker-proxy', 'containerd', 'containerd-shim-runc-v2', 'runc', 'iptables', 'ip6tables'];

function find(program: string): string {
  if (program === 'node') return process.execPath;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`An image for Docker in jobs needs the program ${program}.`);
  return found;
}

/** Programs, with the libraries that they are linked with, by ldd(1); iptables also loads some by itself. */
function programsWithLibraries(programs: readonly string[]): TarEntry[] {
  const paths = programs.map(find);
  const libraries = new Set(
    paths.flatMap((path) => {
      try {
        return (
          execFileSync('ldd', [path], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).match(/\/\S+/g) ?? []
        );
      } catch {
        return []; // Linked statically.
      }
    }),
  );
  const extensions = [...libraries]
    .filter((path) => path.includes('/libxtables.'))
    .flatMap((path) => {
      const folder = join(dirname(realpathSync(path)), 'xtables');
      return readdirSync(folder).map((name) => join(folder, name));
    });
  const files = [...libraries, ...extensions].filter((path) => !paths.includes(path));
  return [
    ...paths.map((path, at) => ({ path: `usr/bin/${programs[at]}`, content: readFileSync(path), mode: 0o755 })),
    ...files.map((path) => ({ path: path.slice(1), content: readFileSync(path), mode: 0o755 })),
  ];
}

/** Makes what the agent runs in where a machine has no Node: by the name of Node's own image, this one and what the agent calls. */
export async function makeNodeImage(socket: string): Promise<void> {
  await importImage(socket, 'node:24-slim', [...userland(), ...programsWithLibraries(['node', 'flock'])], [path]);
}

/** Makes both images with the engine at `socket`. */
export async function makeDockerImages(socket: string): Promise<void> {
  await importImage(socket, daemonImage, [...userland(), ...programsWithLibraries([...client, ...daemon])], [path]);
  const home: TarEntry = { path: 'home/runner/', uid: 1001 };
  const runner = [home, ...runnerFiles(defaultRunnerVersion, 'home/runner/', 1001)];
  const changes = [path, 'USER runner', 'WORKDIR /home/runner'];
  await importImage(socket, clientImage, [...userland(), ...programsWithLibraries(client), ...runner], changes);
}
