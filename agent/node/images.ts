import type { PullPolicy } from '#domain/runner.ts';
import type { Engine } from '../engine/engine.ts';
import { isEngineFailure } from '../engine/failure.ts';
import type { Image, Progress } from '../engine/replies.ts';
import { parseReference } from './reference.ts';

/** Why an image isn't there. */
export interface ImageRefusal {
  readonly code: 'image_not_found' | 'image_denied' | 'image_pull_failed' | 'image_absent';
  readonly detail: string;
  readonly retryable: boolean;
}

/** Who waits for a pull is told of its beginning and, now and then, of its progress. */
export type OnPull = (news: string) => void;

interface Pull {
  readonly done: Promise<ImageRefusal | undefined>;
  readonly listeners: Set<OnPull>;
  readonly abort: AbortController;
}

const progressEveryMs = 5000;

/** What a registry's no means, by the words that registries and the engine use. */
export function refusalOf(image: string, message: string): ImageRefusal {
  const said = message.slice(0, 512);
  if (
    /manifest (?:for .* )?(?:is )?(?:unknown|not found)|not found: manifest|no matching manifest|name unknown|: not found$/i.test(
      said,
    )
  ) {
    const detail = `There is no image ${image}: ${said}. Check its name and tag, and that it is built for this machine.`;
    return { code: 'image_not_found', detail, retryable: false };
  }
  if (/denied|unauthorized|authentication required|does not exist or may require/i.test(said)) {
    const detail = `The registry does not give ${image} to this node: ${said}. Check its name, or pull it on the node.`;
    return { code: 'image_denied', detail, retryable: false };
  }
  const detail = `${image} could not be pulled: ${said}`;
  return { code: 'image_pull_failed', detail, retryable: true };
}

/** The node's images. However many instances wait for one, it is pulled once. */
export function createImages(engine: Engine) {
  const pulls = new Map<string, Pull>();

  const pull = async (image: string, signal: AbortSignal, tell: OnPull): Promise<ImageRefusal | undefined> => {
    const { name, tag } = parseReference(image);
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
      await engine.pullImage(name, tag, signal, onProgress);
      return undefined;
    } catch (error) {
      if (signal.aborted || !isEngineFailure(error)) throw error;
      return refusalOf(image, error.message);
    }
  };

  const share = (image: string): Pull => {
    const under = pulls.get(image);
    if (under !== undefined) return under;
    const listeners = new Set<OnPull>();
    const abort = new AbortController();
    const tell = (news: string) => {
      for (const listener of listeners) listener(news);
    };
    const made: Pull = { done: pull(image, abort.signal, tell), listeners, abort };
    pulls.set(image, made);
    const forget = () => {
      if (pulls.get(image) === made) pulls.delete(image);
    };
    // Those who wait are told; a failure that nobody waits for any more is nobody's.
    made.done.then(forget, forget);
    return made;
  };

  const join = async (image: string, signal: AbortSignal, onPull: OnPull): Promise<ImageRefusal | undefined> => {
    const shared = share(image);
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
      if (shared.listeners.size === 0 && pulls.get(image) === shared) {
        pulls.delete(image);
        shared.abort.abort();
      }
    }
  };

  return {
    /** The image as the policy says: without one it is pulled if it isn't there, and always if its tag is `latest`. */
    async ensure(
      image: string,
      policy: PullPolicy | undefined,
      signal: AbortSignal,
      onPull: OnPull,
    ): Promise<Image | ImageRefusal> {
      const there = await engine.findImage(image);
      const isToPull = policy === 'always' || (policy === undefined && parseReference(image).tag === 'latest');
      if (there !== undefined && !isToPull) return there;
      if (policy === 'never') {
        const detail = `${image} is not on this node, and \`pull_policy\` is never. Load it there, or let it be pulled.`;
        return { code: 'image_absent', detail, retryable: false };
      }
      onPull(`Pulling ${image}.`);
      const began = Date.now();
      const refusal = await join(image, signal, onPull);
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
