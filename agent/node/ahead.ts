import { setTimeout as sleep } from 'node:timers/promises';
import type { Control } from '../control/client.ts';
import type { AskLogin } from '../control/logins.ts';
import type { Images } from './images.ts';
import type { Owner } from './labels.ts';

/** How long a control plane that does not answer, or knows no such question, is left alone. */
const unansweredSeconds = 300;
const firstHoldMs = 60_000;
const longestHoldMs = 6 * 3_600_000;

/**
 * Pulls what this node may come to run, before it does. Which images these are is asked now and then, and remembered
 * nowhere: so nothing can be lost, and a node that was away is told as any other.
 */
export function pullAhead(options: {
  readonly control: Control;
  readonly images: Images;
  /** The image of instances' Docker daemons. */
  readonly daemonImage: string;
  readonly owner: Owner;
  readonly login: AskLogin;
  readonly signal: AbortSignal;
  readonly warn: (what: string) => void;
}): void {
  const { control, images, daemonImage, owner, login, signal, warn } = options;
  const held = new Map<string, { readonly failures: number; readonly untilMs: number }>();

  const have = async (image: string) => {
    const { failures, untilMs } = held.get(image) ?? { failures: 0, untilMs: 0 };
    if (Date.now() < untilMs) return;
    const began = Date.now();
    const outcome = await images.ahead(image, { owner, login, signal, onPull: () => undefined });
    if (outcome === 'interrupted') return have(image);
    held.delete(image);
    if (outcome === 'pulled') warn(`Pulled ${image} ahead in ${((Date.now() - began) / 1000).toFixed(1)} s.`);
    if (typeof outcome === 'string') return;
    held.set(image, {
      failures: failures + 1,
      untilMs: Date.now() + Math.min(longestHoldMs, firstHoldMs * 2 ** Math.min(failures, 10)),
    });
    warn(`Not pulled ahead: ${outcome.detail}`);
  };

  const round = async (): Promise<number> => {
    const answer = await control.images(signal);
    if (!answer.ok) return unansweredSeconds;
    const wanted = new Set([...answer.reply.images, ...(answer.reply.dind ? [daemonImage] : [])]);
    for (const image of wanted) await have(image);
    return answer.reply.again_seconds;
  };

  const run = async () => {
    while (!signal.aborted) {
      // The engine or the control plane is away: that is others' to tell.
      const seconds = await round().catch(() => unansweredSeconds);
      await sleep(seconds * 1000 * (0.8 + 0.4 * Math.random()), undefined, { signal }).catch(() => undefined);
    }
  };
  void run();
}
