/** Since when containers of a node have been unlisted. */
export interface Unlisted {
  /** Those to be removed now. */
  readonly due: readonly string[];
  /** When to sync again for those that may be due then, in milliseconds; undefined: none is waiting. */
  readonly againInMs: number | undefined;
}

/**
 * Decides which containers go although nobody asked for it: those that no sync has listed for a while, over two syncs at
 * least. While the control plane says not to reap, the time doesn't run.
 */
export function createUnlisted() {
  const since = new Map<string, number>();

  return (
    there: readonly string[],
    listed: ReadonlySet<string>,
    reap: boolean,
    afterMs: number,
    now: number,
  ): Unlisted => {
    const unlisted = reap ? there.filter((uid) => !listed.has(uid)) : [];
    for (const uid of since.keys()) if (!unlisted.includes(uid)) since.delete(uid);
    const due: string[] = [];
    let againInMs: number | undefined;
    for (const uid of unlisted) {
      const first = since.get(uid);
      if (first === undefined) since.set(uid, now);
      const waits = first === undefined ? afterMs : first + afterMs - now;
      if (first !== undefined && waits <= 0) due.push(uid);
      else againInMs = Math.min(againInMs ?? Number.POSITIVE_INFINITY, Math.max(waits, 0));
    }
    return { due, againInMs };
  };
}
