import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { buildAgent } from '#agent/build.ts';
import { callEngine } from '#local/demo/engine.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { clientImage, daemonImage, makeDockerImages } from '../docker-images.ts';
import { describeWithMachine, makeMachine, type SecondMachine } from '../machine.ts';
import { until } from './http.ts';
import { freePort } from './local-mode.ts';
import { ask, canary, type Owner, repository, signUp } from './tenant.ts';

const Found = z.object({
  containers: z.array(z.object({ Names: z.array(z.string()) })),
  volumes: z.object({ Volumes: z.array(z.object({ Name: z.string() })).nullable() }),
  networks: z.array(z.object({ Name: z.string() })),
  images: z.array(z.object({ RepoTags: z.array(z.string()).nullable() })),
});

/** What a workflow does with Docker: it ends with the first command that fails. */
const build = `set -eux
id
test "$(id -u)" != 0
docker version
mkdir tool && cp "$RUNNER_BUSYBOX" tool/busybox
printf 'FROM scratch\\nCOPY busybox /bin/busybox\\nENTRYPOINT ["/bin/busybox"]\\n' >tool/Dockerfile
DOCKER_BUILDKIT=0 docker build --quiet --tag job-tool tool
`;
/** GitHub's runner mounts its work and its programs into containers, by their own paths. */
const mount = `
echo from-the-runner >message
docker run --rm --volume "$PWD:/work" job-tool sh -c '/bin/busybox cat /work/message && echo from-the-container >/work/reply'
test "$(cat reply)" = from-the-container
docker run --rm --volume "\${RUNNER_BUSYBOX%/*}:/programs:ro" job-tool test -x /programs/busybox
`;
const services = `
docker network create job-network
docker run --detach --name web --network job-network --volume "$PWD:/work:ro" --publish 18080:8080 job-tool httpd -f -p 8080 -h /work
test "$(docker run --rm --network job-network job-tool wget -q -O - http://web:8080/message)" = from-the-runner
`;
/** As a step reaches a service that has published a port. */
const localhost = `
test "$("$RUNNER_BUSYBOX" wget -q -O - http://127.0.0.1:18080/message)" = from-the-runner
`;
/** What a job makes with its node's own engine stays there unless it removes it. */
const tidyUp = `
docker rm --force web && docker network rm job-network && docker image rm job-tool
`;

describeWithMachine('jobs that use Docker', () => {
  let folder: string;
  let machine: SecondMachine;
  let github: Github;
  let cloud: Cloud;
  let api: Owner['api'];
  let node: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rp-docker-'));
    machine = await makeMachine();
    const [{ path }] = await Promise.all([buildAgent(join(folder, 'agent-files')), machine.boot()]);
    await makeDockerImages(machine.socket());
    github = await startGithub({ host: machine.hostAddress });
    const port = await freePort();
    cloud = await startCloud({
      dataDir: join(folder, 'data'),
      host: machine.hostAddress,
      port,
      agent: false,
      env: {
        RUNNER_PILOT_PUBLIC_URL: `http://${machine.hostAddress}:${port}`,
        RUNNER_PILOT_ALLOW_HTTP: '1',
        RUNNER_PILOT_AGENT_FOLDER: join(path, '..'),
        RUNNER_PILOT_POLL_SECONDS: '1',
        ...github.settings,
      },
    });
    ({ api } = await signUp(cloud.url));
    const made = await ask(api, 'POST', '/org/GT/nodes', { name: 'Far', type: 'Remote' });
    node = `/org/GT/nodes/${made.uid}`;
    await machine.run(
      `mkdir -p /etc/runner-pilot; echo RUNNER_PILOT_DIND_IMAGE=${daemonImage} >/etc/runner-pilot/agent.env`,
    );
    const said = await machine.run(made.enrollment.command);
    await machine.start(/ again when it ends: (.+)$/.exec(said)?.[1] ?? `nothing, but "${said}"`);
    await until('the node to be online', async () => (await ask(api, 'GET', node)).connection === 'online', 40);
    await ask(api, 'PUT', node, { allow: ['dind', 'socket'] });
  }, 120_000);

  afterAll(async () => {
    await cloud?.close();
    await github?.close();
    await machine?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** All that the machine's engine has. */
  const found = async (): Promise<string[]> => {
    const read = async (path: string) => JSON.parse((await callEngine(machine.socket(), 'GET', path)).body.toString());
    const { containers, volumes, networks, images } = Found.parse({
      containers: await read('/containers/json?all=true'),
      volumes: await read('/volumes'),
      networks: await read('/networks'),
      images: await read('/images/json'),
    });
    return [
      ...containers.map(({ Names }) => `container ${Names[0]}`),
      ...(volumes.Volumes ?? []).map(({ Name }) => `volume ${Name}`),
      ...networks.map(({ Name }) => `network ${Name}`),
      ...images.map(({ RepoTags }) => `image ${RepoTags?.[0]}`),
    ].toSorted();
  };

  let made = 0;
  /** Has a new instance of a new runner do one job. */
  const runJob = async (draft: Readonly<Record<string, unknown>>, run: string) => {
    made += 1;
    const labels = [`r-${made}`];
    const runner = { name: `R-${made}`, github_repo: repository, github_runner_token: canary, labels, ...draft };
    const instances = `/org/GT/runners/${(await ask(api, 'POST', '/org/GT/runners', runner)).uid}/instance`;
    const started = await ask(api, 'POST', instances, {}, { prefer: 'wait=25' });
    expect([started.status, started.reason]).toEqual(['online', undefined]);
    const job = github.queueJob({ repository, name: 'docker', labels, steps: [{ run }] });
    const ended = await until(
      'the job to be over',
      async () => {
        const now = await ask(api, 'GET', `${instances}/${started.uid}`);
        return now.status === 'stopped' && now;
      },
      60,
    );
    const log: { message: string }[] = await ask(api, 'GET', `${instances}/${started.uid}/logs?limit=1000`);
    return {
      conclusion: job.conclusion,
      reason: ended.reason.code,
      lines: log.map(({ message }) => message).join('\n'),
    };
  };

  test.each([
    ['a daemon of its own', 'an image with a runner', { docker: 'dind', docker_image: clientImage }, localhost],
    ['a daemon of its own', 'a plain image', { docker: 'dind', docker_image: daemonImage }, localhost],
    ['the engine of its node', 'an image with a runner', { docker: 'socket', docker_image: clientImage }, tidyUp],
    ['the engine of its node', 'a plain image', { docker: 'socket', docker_image: daemonImage }, tidyUp],
  ])(
    'by %s, in %s: builds, mounts its work, and has containers talk to each other',
    async (_, __, draft, more) => {
      const before = await found();

      const { conclusion, reason, lines } = await runJob(draft, build + mount + services + more);

      expect([conclusion, reason], lines).toEqual(['Succeeded', 'job_completed']);
      await until('nothing to be left', async () => `${await found()}` === `${before}`, 30).catch(() => undefined);
      expect(await found()).toEqual(before);
    },
    120_000,
  );

  test('what a daemon starts is within the limits of its instance', async () => {
    const hold = (mb: number) =>
      `docker run --rm job-tool awk 'BEGIN { s = "x"; while (length(s) < ${mb} * 1048576) s = s s; print length(s) }'\n`;
    const limited = { docker: 'dind', docker_image: clientImage, memory_mb: 512 };

    const { conclusion, lines } = await runJob(limited, `${build}${hold(32)}! ${hold(1024)}`);

    expect(conclusion, lines).toBe('Succeeded');
  }, 120_000);
});
