import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findEngine } from '#local/engine.ts';
import { temporaryFolder } from './folder.fixture.ts';

async function serve(listen: string | number, body: string) {
  const server = createServer((_, response) => response.end(body));
  await new Promise<void>((resolve) => server.listen(listen, resolve));
  return { address: server.address(), [Symbol.dispose]: () => void server.close() };
}

test('the engine that DOCKER_HOST names is asked for its version', async () => {
  using folder = temporaryFolder();
  const socket = join(folder.path, 'docker.sock');
  using _ = await serve(socket, '{"Version":"28.2.2"}');

  expect(await findEngine({ DOCKER_HOST: `unix://${socket}` })).toEqual({
    host: `unix://${socket}`,
    version: '28.2.2',
  });
});

test('an engine may also be reached by TCP', async () => {
  using server = await serve(0, '{"Version":"28.2.2"}');
  const port = typeof server.address === 'object' ? server.address?.port : undefined;

  expect(await findEngine({ DOCKER_HOST: `tcp://127.0.0.1:${port}` })).toMatchObject({ version: '28.2.2' });
});

test.each([
  ['unix:///nowhere/docker.sock', 'ENOENT'],
  ['ssh://host', 'DOCKER_HOST must be unix:///path or tcp://host:port'],
  ['nonsense', 'Invalid URL'],
])('with DOCKER_HOST %s there is none, and the reason is told', async (host, why) => {
  expect(await findEngine({ DOCKER_HOST: host })).toEqual({
    host: undefined,
    problem: expect.stringContaining(`${host}: `),
  });
  expect(await findEngine({ DOCKER_HOST: host })).toMatchObject({ problem: expect.stringContaining(why) });
});

test('what answers and is no engine is not taken for one', async () => {
  using folder = temporaryFolder();
  const socket = join(folder.path, 'docker.sock');
  using _ = await serve(socket, '<html>');

  expect(await findEngine({ DOCKER_HOST: `unix://${socket}` })).toMatchObject({
    host: undefined,
    problem: expect.stringContaining('not as a Docker engine'),
  });
});
