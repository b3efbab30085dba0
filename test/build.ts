import { buildAgent } from '#agent/build.ts';

/** Before all tests: local mode runs the agent as it is built. */
export async function setup(): Promise<void> {
  await buildAgent();
}
