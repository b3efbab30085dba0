import type { PullPolicy } from '#domain/runner.ts';
import type { AskLogin } from '../control/logins.ts';
import type { Engine } from '../engine/engine.ts';
import { isEngineFailure } from '../engine/failure.ts';
import type { Image, Progress } from '../engine/replies.ts';
import { type ImageRefusal, refusalOf } from './image-refusal.ts';
import type { Owner } from './labels.ts';
import { parseReference } from './reference.ts';

/** Who waits for a pull is told of its beginning and, now and then, of its progress. */
export type OnPull = (news: string) => void;

/** Who wants an image, and how. */
export interface Wanting {
  readonly owner: Owner;
  readonly policy: PullPolicy | undefined;
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

/**
 * The machine's images. However many instances of a node wait for one, it is pulled once; by each node for itself, for
 * what one organization may have another may not.
 */
export function createImages(engine: Engine) {
  const pulls = new Map<string, Pull>();

  const pull = async (
    image: string,
    { owner: { organization }, login: ask }: Wanting,
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
      await engine.pullImage(name, tag, { login, signal }, onProgress);
      return undefined;
    } catch (error) {
      if (signal.aborted || !isEngineFailure(error)) throw error;
      return refusalOf({ image, organization, login }, error.message);
    }
  };

  const share = (key: string, image: string, wanting: Wanting): Pull => {
    const under = pulls.get(key);
    if (under !== undefined) return under;
    const listeners = new Set<OnPull>();
    const abort = new AbortController();
    const tell = (news: string) => {
      for (const listener of listeners) listener(news);
    };
    const made: Pull = { done: pull(image, wanting, abort.signal, tell), listeners, abort };
    pulls.set(key, made);
    const forget = () => {
      if (pulls.get(key) === made) pulls.delete(key);
    };
    // Those who wait are told; a failure that nobody waits for any more is nobody's.
    made.done.then(forget, forget);
    return made;
  };

  const join = async (image: string, wanting: Wanting): Promise<ImageRefusal | undefined> => {
    const { owner, signal, onPull } = wanting;
    const key = `${owner.node} ${image}`;
    const shared = share(key, image, wanting);
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
  };

  return {
    /** The image as the policy says: without one it is pulled if it isn't there, and always if its tag is `latest`. */
    async ensure(image: string, wanting: Wanting): Promise<Image | ImageRefusal> {
      const { policy, onPull } = wanting;
      const there = await engine.findImage(image);
      const isToPull = policy === 'always' || (policy === undefined && parseReference(image).tag === 'latest');
      if (there !== undefined && !isToPull) return there;
      if (policy === 'never') {
        const detail = `${image} is not on this node, and \`pull_policy\` is never. Load it there, or let it be pulled.`;
        return { code: 'image_absent', detail, retryable: false };
      }
      onPull(`Pulling ${image}.`);
      const began = Date.now();
      const refusal = await join(image, wanting);
      // What somebody has built here under the name `latest` is nowhere else.
      if (refusal !== undefined && there !== undefined && policy !== 'always') return there;
      if (refusal !== undefined) return refusal;
      onPull(`Pulled ${image} in ${((Date.now() - began) / 1000).toFixed(1)} s.`);
      const pulled = await engine.findImage(image);
      return (
        pulled ?? { code: 'image_pull_failed', detail: `${image} was pulled, and is gone again.`, retryable: true }
      );
    },
  };
}

/** The node's images. */
export type Images = ReturnType<typeof createImages>;
