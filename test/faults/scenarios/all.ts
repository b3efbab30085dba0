import type { Scenario } from '../scenario.ts';
import { fleet } from './fleet.ts';
import { instances } from './instances.ts';
import { journal } from './journal.ts';
import { people } from './people.ts';
import { removals } from './removals.ts';
import { replacement } from './replacement.ts';
import { sweeps } from './sweeps.ts';

/** Every scenario. */
export const scenarios: readonly Scenario[] = [
  ...people,
  ...fleet,
  ...instances,
  ...removals,
  ...journal,
  ...sweeps,
  ...replacement,
];
