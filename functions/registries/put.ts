import { contract } from '#contract/operations.ts';
import { showRegistry } from '#contract/view/registry.ts';
import { answer } from '#lambda/answer.ts';
import { given } from '#lambda/given.ts';
import { invalid } from '#lambda/input.ts';
import { serve } from '#lambda/serve.ts';
import { assertUnchanged } from '#lambda/unchanged.ts';
import { registries } from '#runtime/services/registries.ts';

const operation = contract.registries.put;

export const handler = serve(
  operation,
  { registries },
  async ({ scope, params: { host }, body, by, ifMatch }, { registries }) => {
    const { username, password } = body;
    const edit = {
      make() {
        assertUnchanged(operation, body, { host });
        if (username !== undefined && password !== undefined) return { username, password };
        const absent = Object.entries({ username, password }).filter(([, value]) => value === undefined);
        const message = `is missing: there is no login for ${host} yet`;
        throw invalid(absent.map(([name]) => ({ path: `body.${name}`, message })));
      },
      change(now: Parameters<typeof showRegistry>[0]) {
        assertUnchanged(operation, body, showRegistry(now));
        return given({ username, password });
      },
    };
    const registry = await registries.put(scope, host, edit, { by, ifMatch });
    return answer(showRegistry(registry), { version: registry.version });
  },
);
