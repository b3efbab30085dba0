import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startCloud } from '../cloud.ts';
import { dataFolderOf } from '../data-folder.ts';
import { findEngine } from '../engine.ts';
import { builtAgent } from '../surroundings.ts';
import { callEngine } from './engine.ts';
import { startGithub } from './github.ts';
import { makeDemoImages, plainImage } from './images.ts';
import { tour } from './tour.ts';

const repository = 'Gigatech/my-repo';

/**
 * The whole product with a stand-in for GitHub, in a data folder of its own: walks through the API, prints each request
 * and answer, and goes on running to be played with until it is told to stop. It needs nothing from outside.
 */
export async function demo(): Promise<void> {
  const { env } = process;
  const stopped = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopped.resolve());
  const say = (text: string) => void process.stdout.write(`${text}\n`);

  try {
    const engine = await findEngine(env);
    if (engine.host === undefined)
      throw new Error(
        `The demo starts a real container, and no Docker engine answers (${engine.problem}). Run \`npm run engine\`, or set DOCKER_HOST.`,
      );
    const socket = engine.host.replace(/^unix:\/\//, '');
    const dataDir = `${dataFolderOf(env)}-demo`;
    await removeLastDemo(dataDir, socket);
    await makeDemoImages(socket);
    await using github = await startGithub({ host: '0.0.0.0' });
    await using cloud = await startCloud({
      dataDir,
      port: Number(env.PORT || 3000),
      host: env.HOST || '127.0.0.1',
      agentProgram: builtAgent,
      env: {
        RUNNER_PILOT_LOG_LEVEL: 'ERROR',
        ...github.settings,
      },
    });

    const { token } = await tour({
      url: cloud.url,
      image: plainImage,
      repository,
      credential: 'ghp_aCredentialOfTheStandInForGitHub00001',
      queueJob: () => {
        const job = github.queueJob({ repository, name: 'build', steps: [{ print: 3 }, { wait: 'release' }] });
        return { release: () => github.releaseJob(job.id) };
      },
      say,
    });
    say(
      [
        '# It goes on running, until Ctrl-C. In another terminal:',
        '',
        `TOKEN=${token}`,
        `curl -s -H "Authorization: Bearer $TOKEN" ${cloud.url}/org/GT/runners`,
        '',
        '# Give it a job:',
        `curl -s http://127.0.0.1:${new URL(github.url).port}/_stand-in/jobs --json '{"repository": "${repository}", "name": "test", "steps": [{"print": 5}]}'`,
        '',
        `# The reference: ${cloud.url}/docs`,
      ].join('\n'),
    );
    await stopped.promise;
    say('Stopping. Containers go on running; the next demo removes them.');
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
  process.exit();
}

/** Each demo begins anew: what is left of the last one, containers included, goes. */
async function removeLastDemo(dataDir: string, socket: string): Promise<void> {
  const file = join(dataDir, 'deployment.json');
  if (existsSync(file)) {
    const { id } = JSON.parse(readFileSync(file, 'utf8')) as { id: string };
    const filters = encodeURIComponent(JSON.stringify({ label: [`runner-pilot.deployment=${id}`] }));
    const { body } = await callEngine(socket, 'GET', `/containers/json?all=true&filters=${filters}`);
    for (const container of JSON.parse(body.toString()) as { Id: string }[]) {
      await callEngine(socket, 'DELETE', `/containers/${container.Id}?force=true&v=true`);
    }
    await callEngine(socket, 'POST', `/networks/prune?filters=${filters}`);
  }
  rmSync(dataDir, { recursive: true, force: true });
}
