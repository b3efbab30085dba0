import type { Engine } from '../engine/engine.ts';
import type { Image, Info } from '../engine/replies.ts';
import { diskOf } from '../facts.ts';
import type { AgentState, PulledImage } from '../state.ts';
import { canonical, repositoryOf } from './reference.ts';

/** How often it is looked how much is free; and for how long what had to go is not pulled ahead again. */
const everyMs = 60_000;
const goneForMs = 24 * 3_600_000;

/** Is it known by our names only? Whoever has given it another, or pulled it from elsewhere, wants it kept. */
function isOnlyOurs({ RepoTags, RepoDigests }: Image, { names }: PulledImage): boolean {
  const ours = new Set(names.map(canonical));
  const repositories = new Set(names.map(repositoryOf));
  return (
    tagsOf(RepoTags).every((tag) => ours.has(canonical(tag))) &&
    tagsOf(RepoDigests).every((digest) => repositories.has(repositoryOf(digest)))
  );
}

const tagsOf = (tags: readonly string[] | null | undefined) => (tags ?? []).filter((tag) => !tag.startsWith('<none>'));
const megabytes = (bytes: number) => `${Math.max(0, bytes / 1e6).toFixed(0)} MB`;

/**
 * Removes images when the file system of the engine's data runs full: those that nobody but this agent has pulled, that
 * no container is made of, whatever it does, and that no start is about to use; what was used longest ago goes first.
 */
export function createPruning(options: {
  readonly engine: Engine;
  readonly state: AgentState;
  readonly info: () => Pick<Info, 'DockerRootDir'> | undefined;
  /** Below how much free space, in percent; 0: never. */
  readonly freePercent: number;
  readonly warn: (what: string) => void;
}) {
  const { engine, state, freePercent, warn } = options;
  const held = new Map<string, number>();
  const goneAt = new Map<string, number>();
  let turn: Promise<void> = Promise.resolve();
  let isStuck = false;

  const free = async () => {
    const info = options.info();
    if (info === undefined || freePercent === 0) return undefined;
    const { freeBytes, usedPercent } = await diskOf(info);
    return { bytes: freeBytes, percent: 100 - usedPercent };
  };

  /** Removes one, and tells how much came free; undefined: it stays. */
  const removeOne = async (id: string, record: PulledImage): Promise<number | undefined> => {
    const image = await engine.findImage(id);
    if (image === undefined) state.removeImage(id);
    if (image === undefined || !isOnlyOurs(image, record)) return undefined;
    const before = await free();
    // By its names one by one: by its id the engine removes only what has one.
    const tags = tagsOf(image.RepoTags);
    for (const name of tags.length > 0 ? tags : [id]) if (!(await engine.removeImage(name))) return undefined;
    state.removeImage(id);
    for (const name of record.names) goneAt.set(canonical(name), Date.now());
    return ((await free())?.bytes ?? 0) - (before?.bytes ?? 0);
  };

  const prune = async (least: number) => {
    const isEnough = async (removed: number) => removed >= least && ((await free())?.percent ?? 100) >= freePercent;
    if (freePercent === 0) return;
    if (await isEnough(0)) {
      isStuck = false;
      return;
    }
    const oldest = Object.entries(state.images()).sort(([, a], [, b]) => a.used_at - b.used_at);
    let removed = 0;
    for (const [id, record] of oldest) {
      if (await isEnough(removed)) return;
      const used = (await engine.listContainers([])).some(({ ImageID }) => ImageID === id);
      if (used || record.names.some((name) => held.has(canonical(name)))) continue;
      const freed = await removeOne(id, record);
      if (freed === undefined) continue;
      removed += 1;
      const since = new Date(record.used_at).toISOString();
      warn(`Removed the image ${record.names.join(', ')}, unused since ${since}: ${megabytes(freed)} came free.`);
    }
    // Told once, and not each minute.
    if (!isStuck && !(await isEnough(0))) {
      warn(`Less than ${freePercent} % of Docker's disk is free, and no image of ours can go.`);
      isStuck = true;
    }
  };

  const run = (least: number): Promise<void> => {
    turn = turn
      .then(() => prune(least))
      .catch((error) => warn(`Images could not be removed: ${error instanceof Error ? error.message : error}`));
    return turn;
  };

  return {
    /** Keeps an image, by its name, for as long as it is about to be used. */
    hold(image: string): () => void {
      const name = canonical(image);
      held.set(name, (held.get(name) ?? 0) + 1);
      return () => {
        const left = (held.get(name) ?? 1) - 1;
        if (left === 0) held.delete(name);
        else held.set(name, left);
      };
    },

    /** An image was pulled: `isNew` if the engine had none of this id. */
    pulled(id: string, name: string, isNew: boolean): void {
      const known = state.images()[id];
      if (known === undefined && !isNew) return;
      state.putImage(id, { names: [...new Set([...(known?.names ?? []), name])], used_at: Date.now() });
      void run(0);
    },

    /** An image is used now. */
    used: (id: string): void => state.touchImage(id, Date.now()),

    /** The disk is full: at least one image goes, if any can. */
    makeRoom: (): Promise<void> => run(1),

    /** Whether there is room for an image that nobody waits for, and that had not to go lately. */
    async hasRoomFor(image: string): Promise<boolean> {
      const isGone = Date.now() - (goneAt.get(canonical(image)) ?? Number.NEGATIVE_INFINITY) < goneForMs;
      return !isGone && ((await free())?.percent ?? 100) >= 2 * freePercent;
    },

    /** Looks now. */
    look: (): Promise<void> => run(0),

    /** Looks now and then. */
    watch(signal: AbortSignal): void {
      const timer = setInterval(() => void run(0), everyMs).unref();
      signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    },
  };
}

/** What removes images. */
export type Pruning = ReturnType<typeof createPruning>;
