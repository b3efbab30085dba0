import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callEngine } from '#local/demo/engine.ts';
import { type Github, startGithub } from '#local/demo/github.ts';
import { makeDemoImages, plainImage } from '#local/demo/images.ts';
import { deploymentOf } from '#local/deployment.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { expectNothingWrong } from '../aftermath.ts';
import { describeWithEngine } from '../engine.ts';
import { removeAllOf } from './containers.ts';
import { until } from './http.ts';
import { type Registry, startRegistry } from './registry.ts';
import { ask, repository, settleIn, type Tenant } from './tenant.ts';

const socket = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
const login = { username: 'bot', password: 'canaryCanaryRegistryPassword0002' };

describeWithEngine('an image of a private registry', () => {
  let github: Github;
  let registry: Registry;
  let cloud: Cloud;
  let tenant: Tenant;
  let image: string;
  let next: string;
  let open: Registry;
  let daemon: string;
  let path: string;

  beforeAll(async () => {
    await makeDemoImages();
    github = await startGithub({ host: '0.0.0.0' });
    registry = await startRegistry({ login: { ...login, repeats: true } });
    image = await registry.add(plainImage, 'gigatech/builder', '3');
    next = await registry.add(plainImage, 'gigatech/next', '1');
    open = await startRegistry();
    daemon = await open.add(plainImage, 'docker', 'dind');
    cloud = await startCloud({
      env: {
        ...github.settings,
        RUNNER_PILOT_LOG_LEVEL: 'ERROR',
        RUNNER_PILOT_IMAGES_SECONDS: '1',
        RUNNER_PILOT_DIND_IMAGE: daemon,
      },
    });
    tenant = await settleIn(cloud.url);
    path = await tenant.makeRunner({ name: 'Private', docker_image: image });
  }, 60_000);

  afterAll(async () => {
    try {
      if (cloud) await expectNothingWrong(cloud, { secrets: [login.password] });
    } finally {
      if (cloud) await removeAllOf(deploymentOf(cloud.dataDir));
      await cloud?.close();
      for (const one of [image, next, daemon]) await callEngine(socket, 'DELETE', `/images/${one}`);
      await registry?.[Symbol.asyncDispose]();
      await open?.[Symbol.asyncDispose]();
      await github?.close();
      if (cloud) await rm(cloud.dataDir, { recursive: true, force: true });
    }
  });

  const create = async () => {
    const { uid } = await ask(tenant.api, 'POST', path, { node_id: tenant.node }, { prefer: 'respond-async' });
    return `${path}/${uid}`;
  };
  const shown = (at: string, status: string) =>
    until(
      `${at} to be ${status}`,
      async () => {
        const body = await ask(tenant.api, 'GET', at);
        return body.status === status && body;
      },
      20,
    );
  const put = (body: object) => ask(tenant.api, 'PUT', `/org/GT/registries/${registry.host}`, body);

  test('is refused to a node without a login, which says how to give one', async () => {
    const { reason } = await shown(await create(), 'failed');

    expect(reason).toMatchObject({
      code: 'image_denied',
      detail: expect.stringContaining(`PUT /org/gt/registries/${registry.host} a username and a password`),
    });
  });

  test('… and to one with a wrong login, which is repeated nowhere', async () => {
    const wrong = 'wrongWrongRegistryPassword0003';
    await put({ ...login, password: wrong });

    const at = await create();
    const { reason } = await shown(at, 'failed');
    const lines = JSON.stringify(await ask(tenant.api, 'GET', `${at}/logs`));

    expect(reason).toMatchObject({ code: 'image_denied', detail: expect.stringContaining('to "bot"') });
    for (const secret of [wrong, Buffer.from(`bot:${wrong}`).toString('base64')]) {
      expect(reason.detail + lines).not.toContain(secret);
    }
  });

  test('is pulled with the right one, and runs a job that can not print it', { timeout: 60_000 }, async () => {
    await put({ password: login.password });

    const at = await create();
    const { instance_identifier: name } = await shown(at, 'online');
    const inspected = await callEngine(socket, 'GET', `/containers/${name}/json`);
    github.queueJob({ repository, name: 'prints', steps: [{ run: `echo "it is ${login.password}."` }] });
    await shown(at, 'stopped');
    const said = await until('its line', async () => {
      const lines = JSON.stringify(await ask(tenant.api, 'GET', `${at}/logs`));
      return lines.includes('it is ') && lines;
    });

    expect(registry.pulls.get('gigatech/builder')).toBeGreaterThan(0);
    expect(inspected.body.includes(login.password)).toBe(false);
    expect(said).toContain('it is ***.');
    await ask(tenant.api, 'DELETE', at);
  });

  test('is pulled ahead by a node that may come to run it, unless its runner says otherwise', async () => {
    const other = await registry.add(plainImage, 'gigatech/other', '1');
    await tenant.makeRunner({ name: 'Late', docker_image: other, prepull: false });
    await tenant.makeRunner({ name: 'Next', docker_image: next });

    const isThere = async (name: string) => (await callEngine(socket, 'GET', `/images/${name}/json`)).status === 200;
    await until('the image to be there', () => isThere(next), 20);

    expect(registry.pulls.get('gigatech/other')).toBeUndefined();
  });

  test('… and so is that of Docker daemons, once an owner lets a runner give its jobs some there', async () => {
    await tenant.makeRunner({ name: 'Docker', docker_image: next, docker: 'dind' });
    expect(open.pulls.get('docker')).toBeUndefined();

    await ask(tenant.api, 'PUT', `/org/GT/nodes/${tenant.node}`, { allow: ['dind'] });

    const there = async () => (await callEngine(socket, 'GET', `/images/${daemon}/json`)).status === 200;
    await until('the image of Docker daemons to be there', there, 20);
    expect(open.pulls.get('docker')).toBeGreaterThan(0);
  });

  test('leaves the password in no file of the control plane or of the agent', async () => {
    const files = (await readdir(cloud.dataDir, { recursive: true, withFileTypes: true })).filter((one) =>
      one.isFile(),
    );
    const holding = [];
    for (const { parentPath, name } of files) {
      const bytes = await readFile(join(parentPath, name));
      if (bytes.includes(login.password)) holding.push(name);
    }

    expect(files.map(({ name }) => name)).toContain('agent.log');
    expect(holding).toEqual([]);
  });
});
