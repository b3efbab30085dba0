import { contract } from '#contract/operations.ts';
import { showDesired } from '#contract/view/desired.ts';
import { pollSeconds } from '#domain/polling.ts';
import { problem } from '#domain/problem.ts';
import { proven } from '#lambda/caller.ts';
import { serve } from '#lambda/serve.ts';
import { attendance } from '#runtime/services/attendance.ts';
import { program } from '#runtime/services/program.ts';
import { reaping } from '#runtime/services/reaping.ts';
import { refill } from '#runtime/services/refill.ts';
import { releases } from '#runtime/services/releases.ts';
import { reports } from '#runtime/services/reports.ts';
import { syncing } from '#runtime/services/syncing.ts';
import { tableReader } from '#runtime/services/table-reader.ts';

export const handler = serve(
  contract.agent.sync,
  { tableReader, attendance, reports, refill, releases, syncing, reaping, program },
  async ({ caller, body }, { tableReader, attendance, reports, refill, releases, syncing, reaping, program }) => {
    const reaps = !reaping.held;
    const { agent, scope, placements } = proven(caller, await tableReader.agents.find(caller.node));
    const common = {
      beat_seconds: syncing.beatSeconds,
      reap_seconds: syncing.reapSeconds,
      telemetry: syncing.telemetryOf(agent.org),
      agent: await program.release(),
    };
    const poll = (placed: number) =>
      pollSeconds(syncing.polling, { bell: body.bell !== undefined, placements: placed });
    // The node was deleted: its token is good for being told that, and for nothing else.
    const retired = { ...common, desired: [], runner: null, reap: reaps, retired: reaps, poll_seconds: poll(0) };
    if (agent.retired_at !== undefined) return retired;

    const taken = await reports.take(scope, caller.node, placements, body);
    const added = await refill.on(scope, caller.node, taken.runners);
    const told = [...taken.placements, ...added];
    const poll_seconds = poll(told.length);
    const here = await attendance.note(scope, caller.node, { ...body, poll_seconds });
    if (here === 'deleted') return retired;
    if (taken.doubtMs > 0) throw doubted(taken.doubtMs);
    const mounts = told.some(({ want, runner_source }) => want === 'run' && runner_source !== 'image');
    const runner = mounts ? ((await releases.current()) ?? null) : null;
    const desired = told.map(showDesired);
    return { ...common, desired, runner, reap: here.reap && reaps, retired: false, poll_seconds };
  },
);

const longestDoubtMs = 60_000;

const doubted = (ms: number) =>
  problem(
    'sync.wait',
    'This machine was restarted, or is another one with the same token: what it says of instances that were started before counts when that is known. If it is another one, enroll it as a node of its own.',
    { retryAfterSeconds: Math.ceil(Math.min(ms, longestDoubtMs) / 1000) },
  );
