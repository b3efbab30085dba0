import type { Instance } from '../instance.ts';
import type { Why } from './change.ts';

const enrollment = (row: Instance): string => `\`POST /org/${row.org}/nodes/${row.node}/enrollment\``;
const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** Its node has never connected. */
export const neverConnected = (row: Instance): Why => ({
  code: 'node_never_connected',
  detail: `${row.node_name} has never connected; ${enrollment(row)} makes a line to run on it.`,
});

/** Its node has connected, and is silent. */
export const silent = (row: Instance, seenAt: number): Why => ({
  code: 'node_unreachable',
  detail: `${row.node_name} has been silent since ${time(seenAt)}; see that it is up, and that its agent runs and reaches this service.`,
});

/** Its node was restarted, and has not told what that has done to it. */
export const rebooted = (row: Instance): Why => ({
  code: 'node_rebooted',
  detail: `${row.node_name} was restarted; what has become of the runner is not known yet.`,
});
