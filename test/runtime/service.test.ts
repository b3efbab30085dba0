import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { reachable, service, serviceHost } from '#runtime/service.ts';

const counter = { opened: 0 };
const base = service({
  id: 'base',
  config: z.object({ BASE_NAME: z.string(), BASE_SIZE: z.coerce.number().int().default(7) }),
  grants: [{ on: 'table', actions: ['dynamodb:GetItem'] }],
  open: (config) => {
    counter.opened += 1;
    return config;
  },
});
const over = service({ id: 'over', config: z.object({}), uses: [base], open: (_config, { use }) => use(base) });
const greedy = service({ id: 'greedy', config: z.object({}), open: (_config, { use }) => use(base) });

describe('services', () => {
  test('are opened when they are first asked for, and once', () => {
    counter.opened = 0;
    const host = serviceHost({ BASE_NAME: 'x' });
    expect(counter.opened).toBe(0);

    const { one, two } = host.openAll({ one: over, two: base });

    expect(one).toBe(two);
    expect(one).toEqual({ BASE_NAME: 'x', BASE_SIZE: 7 });
    expect(counter.opened).toBe(1);
  });

  test('get nothing that they do not name', () => {
    expect(() => serviceHost({ BASE_NAME: 'x' }).use(greedy)).toThrow('The service "greedy" uses "base": name it');
  });

  test('name every variable that does not fit, and never its value', () => {
    const host = serviceHost({ BASE_SIZE: 'canary' });

    expect(() => host.use(base)).toThrow('BASE_NAME is not set');
    expect(() => host.use(base)).toThrow('BASE_SIZE:');
    expect(() => host.use(base)).not.toThrow('canary');
  });

  test('lead to all that they use, each once', () => {
    expect(reachable([over, base, over]).map(({ id }) => id)).toEqual(['base', 'over']);
  });
});
