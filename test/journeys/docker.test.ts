import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { callEngine } from '#local/demo/engine.ts';
import type { Github } from '#local/demo/github.ts';
import { clientImage, daemonImage, makeDockerImages } from '../docker-images.ts';
import { describeWithMachine, type SecondMachine } from '../machine.ts';
import { type Elsewhere, startElsewhere } from './elsewhere.ts';
import { until } from './http.ts';
import { ask, canary, type Owner, repository } from './tenant.ts';

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
  let elsewhere: Elsewhere;
  let machine: SecondMachine;
  let github: Github;
  let api: Owner['api'];

  beforeAll(async () => {
    elsewhere = await startElsewhere(makeDockerImages);
    ({ machine, github, api } = elsewhere);
    await machine.run(
      `mkdir -p /etc/runner-pilot; echo RUNNER_PILOT_DIND_IMAGE=${daemonImage} >/etc/runner-pilot/agent.env`,
    );
    const { node } = await elsewhere.attach('Far');
    await ask(api, 'PUT', `/org/GT/nodes/${node}`, { allow: ['dind', 'socket'] });
  }, 120_000);

  afterAll(() => elsewhere?.[Symbol.asyncDispose]());

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
    const instances = await elsewhere.makeRunner(runner);
    const started = await ask(api, 'POST', instances, {}, { prefer: 'wait=25' });
    expect([started.status, started.reason]).toEqual(['online', undefined]);
    const job = github.queueJob({ repository, name: 'docker', labels, steps: [{ run }] });
    const ended = await elsewhere.isShown(`${instances}/${started.uid}`, 'stopped', 60);
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
