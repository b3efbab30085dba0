import { banner } from './banner.ts';
import { startCloud } from './cloud.ts';
import { dataFolderOf } from './data-folder.ts';
import { watchParent } from './parent.ts';
import { builtAgent } from './surroundings.ts';

/** How long stopping may take before it is cut off. */
const stopWithinMs = 4_800;

/** Runs local mode until it is told to stop. */
export async function run(): Promise<void> {
  const { env } = process;
  const stopped = Promise.withResolvers<string>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopped.resolve(signal));
  const unwatch = watchParent(env, () => stopped.resolve('the end of npm'));

  try {
    const cloud = await startCloud({
      dataDir: dataFolderOf(env),
      port: portOf(env.PORT),
      host: env.HOST || '127.0.0.1',
      agentProgram: builtAgent,
    });
    say(banner(cloud));
    await stopped.promise;
    say('Stopping. Containers go on running.');
    const late = setTimeout(() => process.exit(1), stopWithinMs);
    await cloud.close();
    clearTimeout(late);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  } finally {
    unwatch();
  }
  // Whatever is still open belongs to functions, as a frozen Lambda's would.
  process.exit();
}

function portOf(text: string | undefined): number {
  const port = Number(text || 3000);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(`PORT is "${text}"; it must be a number from 0 (which takes a free port) to 65535.`);
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE')
    return `${error.message}. Something else listens there: set PORT to another port, or to 0.`;
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
    return `${error.message}. Set PORT and HOST to what may be used here.`;
  return error.message;
}

// A terminal that has gone must not keep us from stopping.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});
const say = (text: string) => void process.stdout.write(`${text}\n`);
