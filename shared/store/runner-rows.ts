import { Runner } from '#domain/runner.ts';
import { rowType } from './row.ts';

/** Rows of runners. */
export const runnerRow = rowType('runner', Runner);
