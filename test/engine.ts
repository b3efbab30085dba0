import { request } from 'node:http';
import { describe } from 'vitest';

/** Whether a Docker engine answers. */
const engineAnswers = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socketPath = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
    request({ socketPath, path: '/_ping', timeout: 3000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .once('error', () => resolve(false))
      .end();
  });

const answers = await engineAnswers();

if (!answers && process.env.CI) throw new Error('No Docker engine answers: run `npm run engine`.');
if (!answers) console.warn('No Docker engine answers, so what needs one is skipped. `npm run engine` sees to it.');

/** A suite that needs a Docker engine: where there is none it is skipped, in CI it fails. */
export const describeWithEngine = answers ? describe : describe.skip;
