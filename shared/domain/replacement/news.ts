import { endedEarly } from '../instance/early.ts';
import { type Instance, isFinal, isKept } from '../instance.ts';
import { brief, type Failure } from '../replacement.ts';

/** What a runner's row is told by a change of an instance that is kept. */
export interface RunnerNews {
  /** How many more are alive. */
  readonly alive: number;
  /** Whether to look at once if another one is to be made. */
  readonly wakes: boolean;
  readonly set: {
    readonly failed?: Failure;
    readonly useful_at?: number;
    readonly probe_listened_at?: number;
    readonly probe?: undefined;
  };
}

/** How long one has to have listened, to have been of use without a job: what ends sooner would be replaced for ever. */
const usefulMs = 60_000;

/** What one that has ended by itself, or was given up, says of those that come after it. */
function lessonOf(row: Instance, now: number): Pick<RunnerNews['set'], 'failed' | 'useful_at'> {
  const { reason, listening_at, ended_at = now, node, created_at } = row;
  if ((row.state !== 'ended' && row.state !== 'failing') || !reason) return {};
  const long = listening_at !== undefined && ended_at - listening_at >= usefulMs;
  if (long || row.last_job || endedEarly(row)) return { useful_at: now };
  return { failed: { node, created_at, at: now, code: reason.code, detail: brief(reason.detail) } };
}

/** What a change of an instance means for the number that its runner keeps; nothing, where it keeps none. */
export function newsForRunner(before: Instance, after: Instance, now: number): RunnerNews {
  const alive = Number(isKept(after)) - Number(isKept(before));
  if (!after.kept) return { alive, wakes: false, set: {} };
  const left = alive < 0;
  const unheard = before.listening_at === undefined;
  const listened = after.probe === true && unheard && after.listening_at !== undefined && isKept(after);
  return {
    alive,
    // Its end makes room on its node, even where it was replaced before.
    wakes: left || listened || (isFinal(after) && !isFinal(before)),
    set: {
      ...(left && lessonOf(after, now)),
      ...(listened && { probe_listened_at: now }),
      ...(after.probe && unheard && (left || listened) && { probe: undefined }),
    },
  };
}
