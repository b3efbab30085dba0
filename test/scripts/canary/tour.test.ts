import { expect, test } from 'vitest';
import type { ClientOptions } from '#contract/client.ts';
import { operations } from '#contract/operations.ts';
import { createRouter } from '#local/gateway/routes.ts';
import { type Cloud, startCloud } from '#test/cloud.ts';
import { quiet } from '#test/functions/actors.ts';
import { tableRows } from '#test/table-rows.ts';
import { tour } from '../../../scripts/canary/tour.ts';

const routes = operations.map(({ id, method, path }) => ({ id, method, path }));
const route = createRouter(routes);

/** Sends, and notes what was asked for. */
function noting(called: Set<string>, onCall: (id: string) => void = () => {}): NonNullable<ClientOptions['fetch']> {
  return (url, init) => {
    const id = route(init?.method ?? 'GET', new URL(String(url)).pathname)?.route.id;
    if (id !== undefined) {
      called.add(id);
      onCall(id);
    }
    return fetch(url, init);
  };
}

async function inCloud(use: (cloud: Cloud) => Promise<void>): Promise<void> {
  const cloud = await startCloud(quiet);
  try {
    await use(cloud);
  } finally {
    await cloud.close();
  }
}

const left = async (cloud: Cloud) =>
  (await tableRows(cloud)).filter(({ sk }) => /^(NODE|RUNNER|INSTANCE)#/.test(sk)).map(({ sk }) => sk);

test('the tour calls every operation, fails nowhere, and leaves no node, runner or instance', () =>
  inCloud(async (cloud) => {
    const called = new Set<string>();

    const steps = await tour({ url: cloud.url, tag: 'whole', fetch: noting(called) });

    expect(routes.map(({ id }) => id).filter((id) => !called.has(id))).toEqual([]);
    expect(steps.filter(({ status }) => status >= 500)).toEqual([]);
    expect(await left(cloud)).toEqual([]);
  }));

test('a tour that is cut short removes what it has made', () =>
  inCloud(async (cloud) => {
    const cut = noting(new Set(), (id) => {
      if (id === 'agent.claim') throw new Error('the line is cut');
    });

    await expect(tour({ url: cloud.url, tag: 'short', fetch: cut })).rejects.toThrow('the line is cut');

    await cloud.sweep();
    expect((await left(cloud)).filter((sk) => !sk.startsWith('RUNNER#'))).toEqual([]);
  }));
