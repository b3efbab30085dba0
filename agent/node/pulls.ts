import type { AskLogin } from '../control/logins.ts';
import type { Engine } from '../engine/engine.ts';
import { isEngineFailure } from '../engine/failure.ts';
import type { Progress } from '../engine/replies.ts';
import { type ImageRefusal, refusalOf } from './image-refusal.ts';
import type { Owner } from './labels.ts';
import type { Pruning } from './pruning.ts';
import { parseReference } from './reference.ts';

/** Who waits for a pull is told of its beginning and, now and then, of its progress. */
export type OnPull = (news: string) => void;

/** For whom an image is pulled. */
export interface Puller {
  readonly owner: Owner;
  readonly login: AskLogin;
  readonly signal: AbortSignal;
  readonly onPull: OnPull;
}

interface Pull {
  readonly done: Promise<ImageRefusal | undefined>;
  readonly listeners: Set<OnPull>;
  readonly abort: AbortController;
}

const progressEveryMs = 5000;

/** By what a pull is known: each node pulls for itself, for what one organization may have another may not. */
export const pullKey = (image: string, { node }: Owner): string => `${node} ${image}`;

/** The pulls under way: however many instances of a node wait for an image, it is pulled once. */
export function createPulls(engine: Engine, pruning: Pruning) {
  const pulls = new Map<string, Pull>();

  const pull = async (
    image: string,
    { owner: { organization }, login: ask }: Puller,
    signal: AbortSignal,
    tell: OnPull,
  ): Promise<ImageRefusal | undefined> => {
    const { name, tag } = parseReference(image);
    const login = await ask(image, signal);
    const layers = new Map<string, { current: number; total: number }>();
    let toldAt = Date.now();
    const onProgress = ({ id, status, progressDetail }: Progress) => {
      if (id === undefined || status !== 'Downloading' || !progressDetail?.total) return;
      layers.set(id, { current: progressDetail.current ?? 0, total: progressDetail.total });
      if (Date.now() - toldAt < progressEveryMs) return;
      toldAt = Date.now();
      const sum = (of: 'current' | 'total') => [...layers.values()].reduce((all, layer) => all + layer[of], 0) / 1e6;
      tell(`Pulling ${image}: ${sum('current').toFixed(0)} of ${sum('total').toFixed(0)} MB.`);
    };
    try {
      const before = await engine.listImages();
      await engine.pullImage(name, tag, { login, signal }, onProgress);
      const pulled = await engine.findImage(image);
      if (pulled !== undefined) pruning.pulled(pulled.Id, image, !before.some(({ Id }) => Id === pulled.Id));
      return undefined;
    } catch (error) {
      if (signal.aborted || !isEngineFailure(error)) throw error;
      if (/no space left on device/i.test(error.message)) await pruning.makeRoom();
      return refusalOf({ image, organization, login }, error.message);
    }
  };

  const share = (key: string, image: string, puller: Puller): Pull => {
    const under = pulls.get(key);
    if (under !== undefined) return under;
    const listeners = new Set<OnPull>();
    const abort = new AbortController();
    const tell = (news: string) => {
      for (const listener of listeners) listener(news);
    };
    const made: Pull = { done: pull(image, puller, abort.signal, tell), listeners, abort };
    pulls.set(key, made);
    const forget = () => {
      if (pulls.get(key) === made) pulls.delete(key);
    };
    // Those who wait are told; a failure that nobody waits for any more is nobody's.
    made.done.then(forget, forget);
    return made;
  };

  return {
    /** Pulls an image, or waits for whoever does; undefined: it is there. */
    async join(image: string, puller: Puller): Promise<ImageRefusal | undefined> {
      const { owner, signal, onPull } = puller;
      const key = pullKey(image, owner);
      const shared = share(key, image, puller);
      shared.listeners.add(onPull);
      const { promise: left, reject } = Promise.withResolvers<never>();
      const leave = () => reject(signal.reason);
      signal.addEventListener('abort', leave, { once: true });
      try {
        signal.throwIfAborted();
        return await Promise.race([shared.done, left]);
      } finally {
        signal.removeEventListener('abort', leave);
        shared.listeners.delete(onPull);
        // The last one to leave ends a pull that is still under way.
        if (shared.listeners.size === 0 && pulls.get(key) === shared) {
          pulls.delete(key);
          shared.abort.abort();
        }
      }
    },

    /** Resolves when none is under way. */
    async idle(): Promise<void> {
      while (pulls.size > 0) await Promise.allSettled([...pulls.values()].map(({ done }) => done));
    },
  };
}
