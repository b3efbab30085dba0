import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { githubScope } from '#domain/github.ts';
import { classifyRunnerLine } from '#domain/runner-lines.ts';
import { githubClient } from '#github/client.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages, plainImage, runnerImage } from '#local/demo/images.ts';
import { eventually, startContainer } from './containers.ts';

const scope = githubScope('Gigatech/my-repo');
const pat = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
const repository = 'Gigatech/my-repo';

let github: Github;
beforeAll(() => makeDemoImages());
beforeEach(async () => {
  github = await startGithub({ host: '0.0.0.0' });
});
afterEach(() => github.close());

const mint = async (name = 'rp-1') => {
  const client = githubClient({ apiUrl: github.apiUrl, now: Date.now });
  const minted = await client.mintJitConfig(scope, pat, { name, labels: ['self-hosted', 'linux', 'rp-x'] });
  if (!minted.ok) throw new Error(minted.failure.detail);
  return minted.value.encoded_jit_config;
};
const startJit = async (jit: string, environment: Record<string, string> = {}) =>
  startContainer({
    image: runnerImage,
    command: ['./run.sh'],
    environment: { ACTIONS_RUNNER_INPUT_JITCONFIG: jit, ...environment },
  });
const startConfigured = (token: string, ...options: string[]) =>
  startContainer({
    image: runnerImage,
    command: [
      'sh',
      '-c',
      './config.sh --unattended --url "$URL" --name rp-1 "$@" && unset ACTIONS_RUNNER_INPUT_TOKEN && exec ./run.sh',
      '-',
      ...options,
    ],
    environment: { URL: `${github.url}/${repository}`, ACTIONS_RUNNER_INPUT_TOKEN: token },
  });
const meanings = (log: string) => log.split('\n').flatMap((line) => classifyRunnerLine(line) ?? []);
const conclusion = (id: number) =>
  eventually(() => github.jobs().find((job) => job.id === id && job.status === 'completed')?.conclusion, 'The job');

describe('a runner with a JIT config', { timeout: 60_000 }, () => {
  test('does one job, says so in the lines of the real one, and is forgotten', async () => {
    await using container = await startJit(await mint());
    const job = github.queueJob({ repository, name: 'build it', labels: ['RP-X'], steps: [{ print: 3 }] });

    expect(await container.ended()).toMatchObject({ exitCode: 0 });

    const log = await container.logs();
    expect(meanings(log)).toEqual([
      { kind: 'connected', version: '2.335.0' },
      { kind: 'listening' },
      { kind: 'busy', job: 'build it' },
      { kind: 'job_completed', job: 'build it', result: 'Succeeded' },
    ]);
    expect(log).toContain('line 1\nline 2\nline 3\n');
    expect(github.runners()).toEqual([]);
    expect(github.jobs()).toMatchObject([{ id: job.id, conclusion: 'Succeeded', runs: [{ runnerName: 'rp-1' }] }]);
  });

  test('never has it in an argument of a process', async () => {
    const jit = await mint();
    await using container = await startJit(jit);
    await container.says('Listening for Jobs');

    const lines = (await container.processes()).join('\n');

    expect(lines).toContain('Runner.Listener run');
    expect(lines).not.toContain(jit.slice(0, 40));
    for (const runner of github.runners()) expect(lines).not.toContain(runner.secret);
  });

  test('is online while it listens, busy while it works, and cannot be removed then', async () => {
    const client = githubClient({ apiUrl: github.apiUrl, now: Date.now });
    await using container = await startJit(await mint());
    await container.says('Listening for Jobs');
    const idle = await client.findRunner(scope, pat, 'rp-1');
    const job = github.queueJob({ repository, name: 'held', steps: [{ wait: 'release' }] });
    await container.says('Running job: held');

    const busy = await client.findRunner(scope, pat, 'rp-1');
    const id = busy.ok ? (busy.value?.id ?? 0) : 0;
    const refused = await client.removeRunner(scope, pat, id);
    github.releaseJob(job.id);

    expect(idle).toMatchObject({ ok: true, value: { status: 'online', busy: false, version: '2.335.0' } });
    expect(busy).toMatchObject({ ok: true, value: { status: 'online', busy: true } });
    expect(refused).toEqual({ ok: true, value: 'busy' });
    expect(await conclusion(job.id)).toBe('Succeeded');
  });

  test('that is removed while it listens says that it no longer exists', async () => {
    await using container = await startJit(await mint());
    await container.says('Listening for Jobs');

    github.forgetRunner('rp-1');

    expect(await container.ended()).toMatchObject({ exitCode: 0 });
    expect(meanings(await container.logs()).at(-1)).toEqual({ kind: 'trouble', reason: 'removed' });
  });

  test('that was used before finds its registration deleted', async () => {
    const jit = await mint();
    github.queueJob({ repository, name: 'first', steps: [] });
    {
      await using first = await startJit(jit);
      await first.ended();
    }

    await using second = await startJit(jit);
    await second.ended();

    expect(meanings(await second.logs())).toEqual([{ kind: 'trouble', reason: 'registration_deleted' }]);
  });

  test('that is used twice at a time conflicts, and gives up', async () => {
    github.setSessionConflict({ pauseSeconds: 1, giveUpSeconds: 2 });
    const jit = await mint();
    await using first = await startJit(jit);
    await first.says('Listening for Jobs');

    await using second = await startJit(jit);

    expect(await second.ended()).toMatchObject({ exitCode: 0 });
    expect(new Set(meanings(await second.logs()).map((line) => line.kind === 'trouble' && line.reason))).toEqual(
      new Set(['session_conflict', 'github_unreachable']),
    );
  });

  test('too old to run says so, and by its exit code if it is asked to', async () => {
    github.setMinimumVersion('2.400.0');
    await using quiet = await startJit(await mint('rp-1'));
    await using loud = await startJit(await mint('rp-2'), { ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE: '1' });

    expect((await quiet.ended()).exitCode).toBe(0);
    expect((await loud.ended()).exitCode).toBe(7);
    expect(meanings(await quiet.logs())).toContainEqual({ kind: 'trouble', reason: 'version_deprecated' });
  });

  test('that is stopped while idle ends at once, and is offline', async () => {
    await using container = await startJit(await mint());
    await container.says('Listening for Jobs');
    const from = Date.now();

    await container.stop(30);

    expect(Date.now() - from).toBeLessThan(10_000);
    expect(await container.logs()).toContain('Exiting...');
    const found = await githubClient({ apiUrl: github.apiUrl, now: Date.now }).findRunner(scope, pat, 'rp-1');
    expect(found).toMatchObject({ ok: true, value: { status: 'offline' } });
  });

  test('that is stopped while busy cancels its job', async () => {
    await using container = await startJit(await mint());
    const job = github.queueJob({ repository, name: 'long', steps: [{ sleepSeconds: 600 }] });
    await container.says('Running job: long');

    await container.stop(30);

    expect(await container.ended()).toMatchObject({ exitCode: 0 });
    expect(await conclusion(job.id)).toBe('Canceled');
    expect(meanings(await container.logs()).at(-1)).toMatchObject({ kind: 'job_completed', result: 'Canceled' });
  });

  test('that ignores the signal, as the real one does without a trap, is killed', async () => {
    await using container = await startJit(await mint(), { RUNNER_MANUALLY_TRAP_SIG: '' });
    await container.says('Listening for Jobs');

    await container.stop(1);

    expect(await container.ended()).toMatchObject({ exitCode: 137 });
  });

  test('that is killed in a job loses it after a minute', async () => {
    await using container = await startJit(await mint());
    const job = github.queueJob({ repository, name: 'lost', steps: [{ wait: 'release' }] });
    await eventually(() => github.jobs().find(({ status }) => status === 'in_progress'), 'The start of the job');

    await container.kill();
    expect(github.jobs()[0]?.status).toBe('in_progress');
    github.setClock(Date.now() + 120_000);

    expect(await conclusion(job.id)).toBe('Lost');
  });

  test('whose job is cancelled at GitHub ends it', async () => {
    await using container = await startJit(await mint());
    const job = github.queueJob({ repository, name: 'cancelled', steps: [{ burnSeconds: 600 }] });
    await container.says('Running job: cancelled');
    await eventually(() => github.jobs().find(({ status }) => status === 'in_progress'), 'The start of the job');

    github.cancelJob(job.id);

    expect(await container.ended()).toMatchObject({ exitCode: 0 });
    expect(await conclusion(job.id)).toBe('Canceled');
  });

  test('whose job takes more memory than there is fails it', async () => {
    await using container = await startContainer({
      image: runnerImage,
      command: ['./run.sh'],
      environment: { ACTIONS_RUNNER_INPUT_JITCONFIG: await mint() },
      memoryMb: 64,
    });
    const job = github.queueJob({ repository, name: 'greedy', steps: [{ holdMb: 512, seconds: 600 }] });

    expect(await conclusion(job.id)).toBe('Failed');
    expect((await container.ended()).outOfMemory).toBe(true);
  });

  test('as root refuses to run', async () => {
    await using container = await startContainer({ image: runnerImage, command: ['./run.sh'], user: '0' });

    expect((await container.ended()).exitCode).toBe(1);
    expect(meanings(await container.logs())).toEqual([{ kind: 'trouble', reason: 'root_refused' }]);
  });
});

describe('a runner with a registration token', { timeout: 60_000 }, () => {
  test('registers with the default labels, lasts for several jobs, and reports a failed one', async () => {
    await using container = await startConfigured(github.registrationToken(repository), '--labels', 'a,b', '--replace');
    const jobs = [
      github.queueJob({ repository, name: 'one', labels: ['self-hosted', 'Linux', 'a'], steps: [{ run: 'exit 3' }] }),
      github.queueJob({ repository, name: 'two', steps: [{ run: 'echo "I am $RUNNER_NAME"; pwd' }] }),
    ];

    expect(await Promise.all(jobs.map((job) => conclusion(job.id)))).toEqual(['Failed', 'Succeeded']);
    await container.says('Job two completed');
    expect(await container.logs()).toContain('I am rp-1\n/home/runner/_work\n');
    expect(github.runners()).toMatchObject([{ name: 'rp-1', ephemeral: false }]);
  });

  test('that has expired, or that is none, is refused', async () => {
    const token = github.registrationToken(repository);
    github.expireToken(token);

    await using expired = await startConfigured(token);
    await using invented = await startConfigured('AABBCCDDEEFFGGHHIIJJKKLLMMNNO');
    await using foreign = await startConfigured(github.registrationToken('Gigatech/other'));

    for (const container of [expired, invented, foreign]) {
      expect((await container.ended()).exitCode).toBe(1);
      expect(meanings(await container.logs())).toEqual([{ kind: 'trouble', reason: 'token_refused' }]);
    }
  });

  test('whose name is taken is refused, unless it replaces', async () => {
    await mint('rp-1');

    await using refused = await startConfigured(github.registrationToken(repository));
    await refused.ended();
    await using replacing = await startConfigured(github.registrationToken(repository), '--replace');
    await replacing.says('Listening for Jobs');

    expect(meanings(await refused.logs())).toEqual([{ kind: 'trouble', reason: 'name_taken' }]);
    expect(github.runners()).toMatchObject([{ name: 'rp-1', jit: false }]);
  });

  test('works in a plain image from the release tarball, with what is read-only linked', async () => {
    const url = github.distUrl
      .replaceAll('{version}', '2.335.0')
      .replaceAll('{arch}', process.arch === 'arm64' ? 'arm64' : 'x64');
    const script = `
      cd /tmp && wget -q -O r.tgz "$DIST" && echo "$SHA256  r.tgz" | sha256sum -c && mkdir kept here && tar -C kept -xzf r.tgz
      cp -r kept/bin kept/*.sh here/ && ln -s /tmp/kept/externals here/externals && chown -R 1001 here && cd here
      exec su runner -c './config.sh --unattended --ephemeral --no-default-labels --url "$URL" --name rp-9 --labels z && exec ./run.sh'`;
    await using container = await startContainer({
      image: plainImage,
      command: ['sh', '-c', script],
      environment: {
        DIST: url,
        SHA256: github.distSha256(),
        URL: `${github.url}/${repository}`,
        ACTIONS_RUNNER_INPUT_TOKEN: github.registrationToken(repository),
      },
    });
    const job = github.queueJob({ repository, name: 'plain', labels: ['z'], steps: [{ run: 'id -u' }] });

    expect(await conclusion(job.id)).toBe('Succeeded');
    await container.ended();
    expect(await container.logs()).toContain('1001');
    expect(github.runners()).toEqual([]);
  });
});
