/** How often nodes sync, in seconds: with a bell and something placed, with a bell and nothing, and without one. */
export interface Polling {
  readonly busySeconds: number;
  readonly idleSeconds: number;
  readonly bellessSeconds: number;
}

/** In how many seconds a node is to sync again if nothing happens: this is its heartbeat. */
export function pollSeconds(polling: Polling, node: { readonly bell: boolean; readonly placements: number }): number {
  if (!node.bell) return polling.bellessSeconds;
  return node.placements > 0 ? polling.busySeconds : polling.idleSeconds;
}
