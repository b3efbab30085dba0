import { request } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** A Docker engine of this machine, or why there is none. */
export type Engine =
  | { readonly host: string; readonly version: string }
  | { readonly host: undefined; readonly problem: string };

const usual = 'unix:///var/run/docker.sock';

/** Asks the engine that DOCKER_HOST names, else those at the usual sockets, for its version. */
export async function findEngine(environment: Environment): Promise<Engine> {
  const named = environment.DOCKER_HOST;
  const hosts = named ? [named] : [usual, ...ofThisUser(environment)];
  let problem = '';
  for (const host of hosts) {
    try {
      return { host, version: await versionOf(host) };
    } catch (error) {
      problem ||= `${host}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return { host: undefined, problem };
}

/** Rootless Docker, and Docker Desktop. */
function ofThisUser(environment: Environment): string[] {
  const runtime = environment.XDG_RUNTIME_DIR;
  return [
    ...(runtime ? [`unix://${runtime}/docker.sock`] : []),
    `unix://${join(homedir(), '.docker/run/docker.sock')}`,
  ];
}

function versionOf(host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ ...addressOf(host), path: '/version', timeout: 1_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        try {
          resolve(String(JSON.parse(text).Version));
        } catch {
          reject(new Error(`it answers ${response.statusCode}, and not as a Docker engine`));
        }
      });
      response.on('error', reject);
    });
    call.on('timeout', () => call.destroy(new Error('it does not answer')));
    call.on('error', reject);
    call.end();
  });
}

function addressOf(host: string): { socketPath: string } | { host: string; port: number } {
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) };
  const { protocol, hostname, port } = new URL(host);
  if (protocol !== 'tcp:' && protocol !== 'http:') {
    throw new Error('DOCKER_HOST must be unix:///path or tcp://host:port');
  }
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || 2375 };
}
