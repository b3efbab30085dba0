import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { busybox } from './busybox.ts';
import { callEngine } from './engine.ts';
import { defaultRunnerVersion, runnerFiles } from './runner/tarball.ts';
import { type TarEntry, tar } from './tar.ts';

/** A plain small image, for runners that the node mounts. */
export const plainImage = 'runner-pilot/demo-plain:1';
/** An image with the stand-in's runner at `/home/runner`, laid out as `ghcr.io/actions/actions-runner` is. */
export const runnerImage = 'runner-pilot/demo-runner:1';

const certificates = '/etc/ssl/certs/ca-certificates.crt';
const users =
  'root:x:0:0:root:/root:/bin/sh\nrunner:x:1001:1001::/home/runner:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n';

/** The files of a small system: busybox under all its names, and users. */
export function userland(): TarEntry[] {
  const { program, applets } = busybox();
  const text = (path: string, content: string): TarEntry => ({ path, content: Buffer.from(content) });
  return [
    ...['bin/', 'dev/', 'etc/', 'home/', 'proc/', 'root/', 'run/', 'sys/', 'usr/', 'usr/bin/', 'var/'].map((path) => ({
      path,
    })),
    { path: 'tmp/', mode: 0o1777 },
    { path: 'var/tmp/', mode: 0o1777 },
    { path: 'bin/busybox', content: program, mode: 0o755 },
    ...applets.map((name) => ({ path: `bin/${name}`, link: 'busybox' })),
    { path: 'usr/bin/env', link: '../../bin/busybox' },
    text('etc/passwd', users),
    text('etc/group', 'root:x:0:\nrunner:x:1001:\nnogroup:x:65534:\n'),
    text('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
    ...(existsSync(certificates)
      ? [
          { path: 'etc/ssl/' },
          { path: 'etc/ssl/certs/' },
          { path: certificates.slice(1), content: readFileSync(certificates) },
        ]
      : []),
  ];
}

/** Imports the files as an image, unless the very same is there already. */
export async function importImage(
  socket: string,
  image: string,
  files: readonly TarEntry[],
  changes: readonly string[],
) {
  const archive = tar(files);
  const content = createHash('sha256').update(archive).update(changes.join('\n')).digest('hex');
  const label = 'runner-pilot.demo.content';
  const there = await callEngine(socket, 'GET', `/images/${image}/json`);
  if (there.status === 200 && there.body.includes(`"${label}":"${content}"`)) return;

  const [repo = '', tag = ''] = image.split(':');
  const query = new URLSearchParams({ fromSrc: '-', repo, tag });
  for (const change of [...changes, `LABEL ${label}=${content}`]) query.append('changes', change);
  const made = await callEngine(socket, 'POST', `/images/create?${query}`, archive);
  // The status is 200 even if the import fails later: the stream of progress then has an error.
  if (made.status !== 200 || made.body.includes('"error"')) {
    throw new Error(`The Docker engine did not import ${image}: ${made.body.toString('utf8').trim()}`);
  }
}

/** Makes both images with the engine at `socket`; no registry is asked. */
export async function makeDemoImages(socket = '/var/run/docker.sock', version = defaultRunnerVersion): Promise<void> {
  const plain = userland();
  await importImage(socket, plainImage, plain, ['CMD ["/bin/sh"]', 'ENV PATH=/bin:/usr/bin']);
  const home: TarEntry = { path: 'home/runner/', uid: 1001 };
  await importImage(
    socket,
    runnerImage,
    [...plain, home, ...runnerFiles(version, 'home/runner/', 1001)],
    [
      'CMD ["/bin/sh"]',
      'USER runner',
      'WORKDIR /home/runner',
      'ENV PATH=/bin:/usr/bin',
      'ENV RUNNER_MANUALLY_TRAP_SIG=1',
      'ENV ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT=1',
      'ENV ImageOS=ubuntu24',
    ],
  );
}
