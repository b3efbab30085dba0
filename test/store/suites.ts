import { due } from './due.suite.ts';
import { instances } from './instances.suite.ts';
import { model } from './model.suite.ts';
import { nodes } from './nodes.suite.ts';
import { organizations } from './organizations.suite.ts';
import { registries } from './registries.suite.ts';
import { replacement } from './replacement.suite.ts';
import { runners } from './runners.suite.ts';
import { throttles } from './throttles.suite.ts';
import { users } from './users.suite.ts';
import type { Suite } from './world.ts';

/** All that must hold of the table, whichever engine it is on. */
export const suites: Readonly<Record<string, Suite>> = {
  users,
  organizations,
  nodes,
  registries,
  runners,
  replacement,
  instances,
  throttles,
  due,
  model,
};
