import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterEach, describe, expect, test } from 'vitest';
import { boundedFetch } from '#github/http.ts';
import { startGithub } from '#local/demo/github.ts';

const servers: Server[] = [];
const listen = async (listener: RequestListener): Promise<{ url: string; server: Server }> => {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { server, url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}` };
};
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

describe('the fetch that is handed to Octokit', () => {
  test('uses one connection for calls that follow each other', async () => {
    const ports = new Set<number | undefined>();
    const { url } = await listen((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('{}');
    });
    const fetch = boundedFetch()(1000);

    for (let i = 0; i < 5; i++) expect((await fetch(url)).status).toBe(200);

    expect(ports.size).toBe(1);
  });

  test('tries once more when a kept connection turns out to be closed', async () => {
    let calls = 0;
    const { url } = await listen((request, response) => {
      calls += 1;
      // The second call meets a connection that dies under it.
      if (calls === 2) request.socket.resetAndDestroy();
      else response.end(`${calls}`);
    });
    const fetch = boundedFetch()(1000);

    await fetch(url);
    const again = await fetch(url);

    expect(await again.text()).toBe('3');
  });

  test('follows a renamed repository with the same method and body, but no other origin', async () => {
    const elsewhere = await listen((_, response) => response.end('stolen'));
    const seen: string[] = [];
    const { url } = await listen((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        seen.push(`${request.method} ${request.url} ${body}`);
        if (request.url === '/old') response.writeHead(301, { location: '/new' }).end();
        else if (request.url === '/away') response.writeHead(302, { location: elsewhere.url }).end();
        else if (request.url === '/circle') response.writeHead(307, { location: '/circle' }).end();
        else response.end('there');
      });
    });
    const fetch = boundedFetch()(1000);

    const moved = await fetch(`${url}/old`, { method: 'POST', body: '{"a":1}' });
    const away = await fetch(`${url}/away`);
    const circle = await fetch(`${url}/circle`);

    expect(await moved.text()).toBe('there');
    expect(seen.slice(0, 2)).toEqual(['POST /old {"a":1}', 'POST /new {"a":1}']);
    expect([away.status, circle.status]).toEqual([302, 307]);
  });

  test('tells nothing to a server whose certificate nobody vouches for', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rp-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
    const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    await promisify(execFile)('openssl', [...request, ...names, '-keyout', key, '-out', cert]);
    let calls = 0;
    const pair = { key: await readFile(key), cert: await readFile(cert) };
    const server = createHttpsServer(pair, (_, response) => {
      calls += 1;
      response.end('{}');
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

    const answer = boundedFetch()(5000)(url, { headers: { authorization: 'Bearer ghp_x' } });

    await expect(answer).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(calls).toBe(0);
    await rm(folder, { recursive: true });
  });

  test('gives up on an answer that trickles past the deadline', async () => {
    const { url } = await listen((_, response) => {
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
    });

    await expect(boundedFetch()(200)(url)).rejects.toThrow('in time');
  });

  test('does not load undici, which would cost a cold start', async () => {
    await using github = await startGithub();
    // Bundled as it is for Lambda: Node's own TypeScript support loads undici by itself.
    const folder = await mkdtemp(join(tmpdir(), 'runner-pilot-github-'));
    const outfile = join(folder, 'client.cjs');
    await build({
      stdin: {
        contents: `
          import { githubClient } from '#github/client.ts';
          githubClient({ apiUrl: process.argv[2], now: Date.now }).latestRunnerRelease().then((release) => {
            console.log(release.ok, process.moduleLoadList.some((name) => name.includes('undici/undici')));
            process.exit();
          });`,
        resolveDir: process.cwd(),
      },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      outfile,
    });

    const { stdout } = await promisify(execFile)(process.execPath, [outfile, github.apiUrl]);
    await rm(folder, { recursive: true });

    expect(stdout.trim()).toBe('true false');
  });
});
