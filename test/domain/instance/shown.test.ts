import { expect, it } from 'vitest';
import { shown } from '#domain/instance/shown.ts';
import { claimed, minutes, row, running, start } from './rows.ts';

const synced = { seen_at: start, poll_seconds: 60 };
const soon = start + 1000;
const later = start + 10 * minutes;

it.each([
  ['requested, its node never having connected', row(), undefined, soon, 'provisioning', 'node_never_connected'],
  ['requested', row(), synced, soon, 'provisioning', 'waiting_for_node'],
  ['requested, its node being silent', row(), synced, later, 'provisioning', 'node_unreachable'],
  ['pulling', row({ state: 'pulling' }), synced, soon, 'provisioning', 'pulling'],
  ['claimed', claimed(), synced, soon, 'provisioning', 'starting'],
  ['claimed, its node being silent', claimed(), synced, later, 'offline', 'node_unreachable'],
  ['started', row({ state: 'started' }), synced, soon, 'provisioning', 'registering'],
  ['running', running(), synced, soon, 'online', undefined],
  ['running, its node being silent', running(), synced, later, 'offline', 'node_unreachable'],
  ['busy', running({ job: { name: 'build', started_at: start } }), synced, soon, 'busy', undefined],
  ['ended', row({ state: 'ended', ended_at: start }), synced, soon, 'failed', 'ended'],
  ['ended after listening', running({ state: 'ended', ended_at: start }), synced, soon, 'stopped', 'ended'],
  ['failing', row({ state: 'failing', want: 'gone' }), synced, later, 'failed', 'ended'],
  ['stopped', running({ state: 'stopped' }), undefined, later, 'stopped', 'ended'],
  ['failed', row({ state: 'failed', want: 'gone' }), undefined, later, 'failed', 'ended'],
] as const)('%s (%#)', (_, instance, roster, now, status, code) => {
  const is = shown(instance, roster, now);

  expect([is.status, is.reason?.code]).toEqual([status, code]);
});

it('says why it has not started yet, if a try has come to nothing', () => {
  const reason = { code: 'engine_unavailable', detail: 'The Docker engine does not answer.', since: start };

  expect(shown(row({ reason }), synced, soon).reason).toEqual(reason);
});

it('has a heartbeat from the first report on, and none any more after its end', () => {
  expect(shown(row(), synced, soon).heartbeatAt).toBeUndefined();
  expect(shown(running(), { ...synced, seen_at: soon }, later).heartbeatAt).toBe(soon);
  const ended = running({ state: 'ended', ended_at: start, heartbeat_at: start + 5 });
  expect(shown(ended, { ...synced, seen_at: later }, later).heartbeatAt).toBe(start + 5);
});
