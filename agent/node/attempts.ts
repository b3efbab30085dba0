import type { Desired } from '#contract/agent.ts';
import { containerName } from '#domain/instance.ts';
import type { Control, Granted } from '../control/client.ts';
import type { AskLogin } from '../control/logins.ts';
import type { Refusal } from '../control/refusal.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { generationOf, isUnstarted } from './container.ts';
import type { Following, Note } from './following.ts';
import type { Owner } from './labels.ts';
import type { Machine } from './machine.ts';
import type { Started } from './outcome.ts';
import { restartInstance } from './restart.ts';
import type { RunnerRelease } from './runner.ts';
import { startInstance } from './start.ts';

/** The control plane and this machine may disagree about the time: no claim is put off for longer than this. */
const longestWaitMs = 60_000;
/** A refusal that comes to nothing is not the last word. */
const refusalHoldsMs = 60_000;

/** Attempts to have an instance's container run, one at a time, and tells why one came to nothing. */
export function createAttempts(options: {
  readonly uid: string;
  readonly machine: Machine;
  readonly owner: Owner;
  readonly control: Control;
  readonly login: AskLogin;
  readonly telemetry: Telemetry;
  readonly release: () => RunnerRelease | null;
  readonly note: Note;
  readonly following: Pick<Following, 'look' | 'isDue' | 'ended'>;
  readonly onGranted: (granted: Granted) => void;
  /** Has the next attempt made after so long. */
  readonly later: (ms: number) => void;
  readonly warn: (what: string) => void;
}) {
  const { uid, machine, owner, control, telemetry, note, later, warn } = options;
  const { look, isDue, ended } = options.following;
  const { engine } = machine;
  const name = containerName(uid);
  let refusal: { readonly key: string; readonly atMs: number } | undefined;

  /** A refusal is answered by another `not_before`, or by another want: until then there is nothing to try. */
  const isHeld = (desired: Desired) => refusal?.key === keyOf(desired) && Date.now() - refusal.atMs < refusalHoldsMs;

  const isPutOff = (desired: Desired): boolean => {
    if (isHeld(desired)) return true;
    const waitMs = (desired.not_before ?? 0) - Date.now();
    if (waitMs > 0) later(Math.min(waitMs, longestWaitMs));
    return waitMs > 0;
  };

  const refuse = (desired: Desired, code: string, detail: string, retryable: boolean): void => {
    refusal = { key: keyOf(desired), atMs: Date.now() };
    telemetry.logOf(uid).say(retryable ? 'WARN' : 'ERROR', detail);
    note({ generation: desired.generation, state: 'refused', reason: { code, detail }, retryable }, 'again');
  };

  const onUngranted = async (desired: Desired, { status, code, detail, retryAfterSeconds }: Refusal) => {
    if (code === 'claim.started') {
      // It has started, and its container isn't there: somebody has removed it. What is left was never started.
      const found = await engine.findContainer(name);
      if (found !== undefined && !isUnstarted(found)) return look(found);
      if (found !== undefined) await engine.removeContainer(found.Id, false);
      note({ generation: desired.generation, state: 'gone' }, 'again');
      return;
    }
    if (code === 'claim.not-wanted' || status === 401 || status === 403 || status === 404) return;
    if (status === 409 || status === 429 || status >= 500) {
      later((retryAfterSeconds ?? 5) * 1000 + Math.random() * 500);
      return;
    }
    warn(`The start of ${uid} was not granted: ${code}: ${detail}`);
  };

  const settle = async (desired: Desired, started: Started): Promise<void> => {
    if (started.kind === 'refused') return refuse(desired, started.code, started.detail, started.retryable);
    if (started.kind === 'ungranted') return onUngranted(desired, started.refusal);
    const container = await engine.findContainer(name);
    if (container !== undefined && !isUnstarted(container)) return look(container, 'just started');
    // It was there a moment ago. The next look finds out.
    later(1000);
  };

  const onGranted = (granted: Granted) => {
    // Nothing secret goes with what is started again.
    if (granted.secret !== '') telemetry.mask(uid, granted.secret);
    options.onGranted(granted);
  };

  return {
    refuse,

    /** Makes and starts it, unless there is one that has been started. */
    async make(desired: Desired, signal: AbortSignal): Promise<void> {
      let found = await engine.findContainer(name);
      if (found !== undefined && !isUnstarted(found)) return look(found);
      if (isPutOff(desired)) return;
      if (found !== undefined && generationOf(found.Config.Labels) !== desired.generation) {
        await engine.removeContainer(found.Id, false);
        found = undefined;
      }
      const onPull = (news: string) => {
        telemetry.logOf(uid).say('INFO', news);
        note({ generation: desired.generation, state: 'pulling' });
      };
      const started = await startInstance(machine, {
        owner,
        control,
        login: options.login,
        desired,
        release: options.release(),
        found,
        signal,
        onPull,
        onGranted,
      });
      return settle(desired, started);
    },

    /** Starts what a reboot took down, as it is. Where that is not there any more, nothing can take its place. */
    async remake(desired: Desired, signal: AbortSignal): Promise<void> {
      const found = await engine.findContainer(name);
      if (found === undefined || isUnstarted(found)) {
        if (found !== undefined) await engine.removeContainer(found.Id, false);
        note({ generation: desired.generation, state: 'gone' }, 'again');
        return;
      }
      if (found.State.Running || !isDue(found)) return look(found);
      if (isPutOff(desired)) return;
      // What it has said before is not to be taken for what it says now.
      await ended(found);
      // The claim of another boot is another intent: what comes of it is told of that one.
      let intent = desired;
      const onIntent = (granted: Granted) => {
        intent = { ...desired, generation: granted.generation ?? desired.generation };
        onGranted(granted);
      };
      const restart = { owner, control, desired, found, signal, onGranted: onIntent };
      const started = await restartInstance(machine, restart);
      return settle(intent, started);
    },
  };
}

/** What of a desired instance starts nothing anew while it stays the same. */
export const keyOf = ({ want, generation, not_before }: Desired): string => `${want} ${generation} ${not_before ?? ''}`;
