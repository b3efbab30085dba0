import * as z from 'zod';
import { absent } from './expression.ts';
import { keys } from './keys.ts';
import type { Link } from './link.ts';
import { rowType } from './row.ts';
import { admitted, type Scope, within } from './scope.ts';
import { put } from './steps.ts';

/** The data key of an organization, wrapped by KMS (base64). */
export interface DataKeys {
  find(scope: Scope): Promise<string | undefined>;
  /** Stores one if there is none: gives the one that is there now. */
  create(scope: Scope, wrapped: string): Promise<string>;
}

const row = rowType('data-key', z.object({ wrapped: z.string() }));

/** Makes the repository of data keys. */
export const dataKeys = (link: Link): DataKeys => ({
  async find(scope) {
    const found = await within(scope, link.get(keys.dataKey(scope.org)));
    return found && row.read(found).wrapped;
  },

  async create(scope, wrapped) {
    await admitted(scope);
    const written = await link.write(
      put(row.write(keys.dataKey(scope.org), { wrapped }), absent(), (old) =>
        z.object({ wrapped: z.string() }).parse(old),
      ),
    );
    return written.done ? wrapped : written.failed.wrapped;
  },
});
