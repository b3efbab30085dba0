import { randomUUID } from 'node:crypto';
import type { Label, RegisteredRunner, State } from './state.ts';

/** What a registration asks for. */
export interface RegistrationOrder {
  readonly scope: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly ephemeral: boolean;
  readonly jit: boolean;
  readonly groupId: number;
  readonly version?: string;
  readonly workFolder: string;
}

const readOnly = new Set(['self-hosted', 'linux', 'x64', 'arm64', 'arm']);

/** Labels as the API shows them: GitHub's own are read-only. */
export const toLabels = (state: State, names: readonly string[]): Label[] =>
  [...new Set(names)].map((name) => ({
    id: state.nextId(),
    name,
    type: readOnly.has(name.toLowerCase()) ? 'read-only' : 'custom',
  }));

/** The runner of that name in the scope. */
export const runnerByName = (state: State, scope: string, name: string): RegisteredRunner | undefined =>
  [...state.runners.values()].find((runner) => runner.scope === scope && runner.name === name);

/** Registers a runner, and packs what it has to know into an encoded JIT config. */
export function register(state: State, order: RegistrationOrder): { runner: RegisteredRunner; config: string } {
  const runner: RegisteredRunner = {
    id: state.nextId(),
    scope: order.scope,
    name: order.name,
    labels: toLabels(state, order.labels),
    ephemeral: order.ephemeral,
    jit: order.jit,
    groupId: order.groupId,
    secret: state.secret('runner'),
    ...(order.version !== undefined && { version: order.version }),
  };
  state.runners.set(runner.id, runner);
  // The layout of actions/runner: base64 of JSON, whose members are the files' contents in base64 (Runner.cs).
  const file = (content: unknown) => Buffer.from(JSON.stringify(content)).toString('base64');
  const config = {
    '.runner': file({
      agentId: `${runner.id}`,
      agentName: runner.name,
      disableUpdate: 'True',
      ephemeral: runner.ephemeral ? 'True' : 'False',
      gitHubUrl: `${state.url}/${runner.scope}`,
      poolId: '1',
      poolName: 'Default',
      serverUrl: `${state.url}/_services/runner`,
      workFolder: order.workFolder,
    }),
    '.credentials': file({
      scheme: 'OAuth',
      data: { clientId: randomUUID(), authorizationUrl: `${state.url}/_services/oauth` },
    }),
    '.credentials_rsaparams': file({ d: runner.secret }),
  };
  return { runner, config: Buffer.from(JSON.stringify(config)).toString('base64') };
}
