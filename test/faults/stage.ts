import { openStage, type Stage } from '#test/functions/instances/stage.ts';
import { type FaultProxy, openFaultProxy } from './proxy.ts';

/** A stage with a proxy between its functions and all that they call. */
export interface FaultyStage extends AsyncDisposable {
  readonly stage: Stage;
  readonly proxy: FaultProxy;
}

const endpoints = ['DYNAMODB', 'SSM', 'CLOUDWATCH_LOGS', 'STS', 'KMS'].map((name) => `AWS_ENDPOINT_URL_${name}`);
const rates = ['REGISTER', 'LOGIN', 'LOGIN_PERSON', 'WRITE', 'ENROLL', 'JOURNAL'];

/** Opens a stage whose functions call through a proxy. */
export async function openFaultyStage(random: () => number): Promise<FaultyStage> {
  const proxy = openFaultProxy(random);
  const plenty = Object.fromEntries(rates.map((name) => [`RUNNER_PILOT_RATE_${name}`, '100000/0.001']));
  const stage = await openStage({ ...plenty, RUNNER_PILOT_LOG_LEVEL: 'ERROR' }, async (github) => {
    // The cloud puts back what these were when it closes.
    const targets = [...endpoints.map((name) => [name, process.env[name] ?? ''] as const)];
    for (const [name, target] of [...targets, ['RUNNER_PILOT_GITHUB_API_URL', github.apiUrl] as const]) {
      process.env[name] = await proxy.urlOf(target);
    }
  });
  return {
    stage,
    proxy,
    async [Symbol.asyncDispose]() {
      await stage[Symbol.asyncDispose]();
      await proxy.close();
    },
  };
}
