import * as z from 'zod';
import type { Table } from '#store/open.ts';
import { service } from '../service.ts';
import { repositories } from './dynamodb.ts';
import { tableRead } from './table.ts';

/** The table, to read only. */
export interface TableReader {
  readonly users: Pick<Table['users'], 'find' | 'findLogin'>;
  readonly organizations: Pick<Table['organizations'], 'get' | 'listOf'>;
  readonly nodes: Pick<Table['nodes'], 'get' | 'list' | 'getMany' | 'assertKnown'>;
  readonly runners: Pick<Table['runners'], 'get' | 'find' | 'list' | 'listNewest'>;
  readonly registries: Pick<Table['registries'], 'get' | 'find' | 'list'>;
  readonly instances: Pick<Table['instances'], 'find' | 'getMany' | 'list' | 'listAll' | 'listOnNode'>;
  readonly events: Pick<Table['events'], 'list'>;
  readonly agents: Pick<Table['agents'], 'find' | 'findAgent'>;
}

/** The table, to read only: by type here, by role in AWS. */
export const tableReader = service({
  id: 'table-reader',
  config: z.object({}),
  uses: [repositories],
  grants: [tableRead],
  open: (_config, { use }): TableReader => use(repositories),
});
