import { operations } from '#contract/operations.ts';
import type { Service } from '#runtime/service.ts';

/** A function, as it describes itself. */
export interface FunctionDescription {
  /** `nodes.create`: its file is `functions/nodes/create.ts`, its Lambda `NodesCreate`. */
  readonly id: string;
  /** `POST /org/{org_id}/nodes`, where the API leads to it. */
  readonly routeKey: string | undefined;
  readonly method: string | undefined;
  readonly services: readonly Service<unknown>[];
}

/** Functions that answer for no operation of the contract. */
const others = [
  { id: 'system.fallback', method: undefined, routeKey: '$default' },
  { id: 'sweep.run', method: undefined, routeKey: undefined },
] as const;

/** The file of a function, from the project's root. */
export const functionFile = (id: string): string => `functions/${id.replace('.', '/')}.ts`;

interface FunctionModule {
  readonly handler: { readonly declares?: { readonly services: readonly Service<unknown>[] } };
}

/** Asks every function what it is handed: its bundle, its environment and its role follow from that. */
export async function describeFunctions(): Promise<readonly FunctionDescription[]> {
  const known = [
    ...operations.map(({ id, method, path }) => ({ id, method, routeKey: `${method} ${path}` })),
    ...others,
  ];
  return Promise.all(
    known.map(async ({ id, method, routeKey }) => {
      const { handler } = (await import(new URL(`../${functionFile(id)}`, import.meta.url).href)) as FunctionModule;
      if (!handler.declares) throw new Error(`${functionFile(id)} does not say what it is handed: wrap it in serve().`);
      return { id, method, routeKey, services: handler.declares.services };
    }),
  );
}
