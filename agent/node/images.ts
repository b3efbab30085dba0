import type { PullPolicy } from '#domain/runner.ts';
import type { Engine } from '../engine/engine.ts';
import type { Image } from '../engine/replies.ts';
import type { ImageRefusal } from './image-refusal.ts';
import type { Pruning } from './pruning.ts';
import { createPulls, type Puller, pullKey } from './pulls.ts';
import { parseReference } from './reference.ts';

/** What came of pulling ahead; `interrupted`: an instance came to want another image. */
export type Ahead = 'there' | 'no room' | 'pulled' | 'interrupted' | ImageRefusal;

/** The machine's images. */
export function createImages(engine: Engine, pruning: Pruning) {
  const pulls = createPulls(engine, pruning);
  let turn: Promise<unknown> = Promise.resolve();
  let ahead: { readonly key: string; readonly abort: AbortController } | undefined;

  const pullAhead = async (image: string, puller: Puller): Promise<Ahead> => {
    await pulls.idle();
    puller.signal.throwIfAborted();
    if ((await engine.findImage(image)) !== undefined) return 'there';
    if (!(await pruning.hasRoomFor(image))) return 'no room';
    const abort = new AbortController();
    ahead = { key: pullKey(image, puller.owner), abort };
    try {
      const signal = AbortSignal.any([puller.signal, abort.signal]);
      return (await pulls.join(image, { ...puller, signal })) ?? 'pulled';
    } catch (error) {
      if (abort.signal.aborted) return 'interrupted';
      throw error;
    } finally {
      ahead = undefined;
    }
  };

  return {
    /** The image as the policy says: without one it is pulled if it isn't there, and always if its tag is `latest`. */
    async ensure(
      image: string,
      { policy, ...puller }: Puller & { readonly policy: PullPolicy | undefined },
    ): Promise<Image | ImageRefusal> {
      const { owner, onPull } = puller;
      const there = await engine.findImage(image);
      const isToPull = policy === 'always' || (policy === undefined && parseReference(image).tag === 'latest');
      if (there !== undefined) pruning.used(there.Id);
      if (there !== undefined && !isToPull) return there;
      if (policy === 'never') {
        const detail = `${image} is not on this node, and \`pull_policy\` is never. Load it there, or let it be pulled.`;
        return { code: 'image_absent', detail, retryable: false };
      }
      onPull(`Pulling ${image}.`);
      const began = Date.now();
      // Engines load three layers at a time, whoever they are for.
      if (ahead !== undefined && ahead.key !== pullKey(image, owner)) ahead.abort.abort();
      const refusal = await pulls.join(image, puller);
      // What somebody has built here under the name `latest` is nowhere else.
      if (refusal !== undefined && there !== undefined && policy !== 'always') return there;
      if (refusal !== undefined) return refusal;
      onPull(`Pulled ${image} in ${((Date.now() - began) / 1000).toFixed(1)} s.`);
      const pulled = await engine.findImage(image);
      return (
        pulled ?? { code: 'image_pull_failed', detail: `${image} was pulled, and is gone again.`, retryable: true }
      );
    },

    /** Keeps an image from being removed until it is let go. */
    hold: pruning.hold,

    /** Pulls an image that nobody waits for, if it isn't there: one at a time, and only while nobody waits for another. */
    ahead(image: string, puller: Puller): Promise<Ahead> {
      const mine = turn.then(() => pullAhead(image, puller));
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}

/** The machine's images. */
export type Images = ReturnType<typeof createImages>;
