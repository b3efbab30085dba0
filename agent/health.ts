import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeFacts } from '#domain/node.ts';
import type { Engine } from './engine/engine.ts';
import type { Event, Info } from './engine/replies.ts';
import { readFacts } from './facts.ts';
import { label } from './node/labels.ts';

/** How often the engine is asked whether it still answers: what hangs tells nobody. */
const pingEveryMs = 5000;
const pauseMs = 1000;
/** Facts change seldom. */
const factsEveryMs = 10 * 60_000;

/** Whether the engine answers, and what it says of the machine. */
export interface Health {
  isAvailable(): boolean;
  /** Why it is not available. */
  detail(): string | undefined;
  facts(): NodeFacts | undefined;
  info(): Info | undefined;
}

/** Watches the engine: is it there, and what happens to our containers. */
export function watchEngine(options: {
  readonly engine: Engine;
  readonly signal: AbortSignal;
  /** Done once, when the engine first answers and before anything else is. */
  readonly prepare: () => Promise<void>;
  /** It answers, for the first time or again: what happened meanwhile is not known. */
  readonly onAvailable: () => void;
  readonly onUnavailable: () => void;
  readonly onFacts: () => void;
  readonly onEvent: (event: Event) => void;
  readonly warn: (what: string) => void;
}): Health & { readonly done: Promise<void> } {
  const { engine, signal } = options;
  let available = false;
  let detail: string | undefined = 'The agent has just started.';
  let facts: NodeFacts | undefined;
  let info: Info | undefined;
  let factsAtMs = 0;
  let prepared = false;

  const learn = async () => {
    if (facts !== undefined && Date.now() - factsAtMs < factsEveryMs) return;
    info = await engine.info();
    facts = await readFacts(engine, info);
    factsAtMs = Date.now();
    options.onFacts();
  };

  const gone = (error: unknown) => {
    detail = `${error instanceof Error ? error.message : error}`.slice(0, 512);
    // Another engine may come back: what it is and can is asked again.
    facts = undefined;
    engine.forget();
    if (!available) return;
    available = false;
    options.warn(`The Docker engine does not answer: ${detail}`);
    options.onUnavailable();
  };

  /** Listens to events for as long as the engine answers. */
  const listen = async () => {
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    const events = engine.events(label.instance, both, options.onEvent).then(() => {
      throw new Error('The Docker engine has ended.');
    });
    const pings = (async () => {
      while (!both.aborted) {
        await sleep(pingEveryMs, undefined, { signal: both });
        await engine.ping();
        await learn();
      }
    })();
    events.catch(() => undefined);
    pings.catch(() => undefined);
    try {
      await engine.ping();
      available = true;
      detail = undefined;
      options.onAvailable();
      await Promise.race([events, pings]);
    } finally {
      over.abort();
    }
  };

  const run = async () => {
    while (!signal.aborted) {
      try {
        await learn();
        if (!prepared) await options.prepare();
        prepared = true;
        await listen();
      } catch (error) {
        if (signal.aborted) return;
        gone(error);
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  };

  return {
    isAvailable: () => available,
    detail: () => detail,
    facts: () => facts,
    info: () => info,
    done: run(),
  };
}
