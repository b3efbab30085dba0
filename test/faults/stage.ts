import { openStage, type Stage, stageNow } from '#test/functions/instances/stage.ts';
import { type FunctionProcesses, startFunctionProcesses } from './crashes/processes.ts';
import { type FaultProxy, openFaultProxy } from './proxy.ts';

/** A stage with a proxy between its functions and all that they call. */
export interface FaultyStage extends AsyncDisposable {
  readonly stage: Stage;
  readonly proxy: FaultProxy;
}

const endpoints = ['DYNAMODB', 'SSM', 'CLOUDWATCH_LOGS', 'STS', 'KMS'].map((name) => `AWS_ENDPOINT_URL_${name}`);
const rates = ['REGISTER', 'LOGIN', 'LOGIN_PERSON', 'WRITE', 'ENROLL', 'JOURNAL'];

/** Opens a stage whose functions call through a proxy: in this process, or in one of their own, which can be killed. */
export async function openFaultyStage(
  random: () => number,
  { apart = false }: { readonly apart?: boolean } = {},
): Promise<FaultyStage> {
  let processes: FunctionProcesses | undefined;
  const proxy = openFaultProxy(random, async () => processes?.kill());
  const plenty = Object.fromEntries(rates.map((name) => [`RUNNER_PILOT_RATE_${name}`, '100000/0.001']));
  const stage = await openStage({ ...plenty, RUNNER_PILOT_LOG_LEVEL: 'ERROR' }, async (github) => {
    // The cloud puts back what these were when it closes.
    const targets = [...endpoints.map((name) => [name, process.env[name] ?? ''] as const)];
    for (const [name, target] of [...targets, ['RUNNER_PILOT_GITHUB_API_URL', github.apiUrl] as const]) {
      process.env[name] = await proxy.urlOf(target);
    }
    processes = apart ? await startFunctionProcesses(() => stageNow() - Date.now()) : undefined;
    return processes;
  });
  return {
    stage,
    proxy,
    async [Symbol.asyncDispose]() {
      await processes?.[Symbol.asyncDispose]();
      await stage[Symbol.asyncDispose]();
      await proxy.close();
    },
  };
}
