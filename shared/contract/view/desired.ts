import type { Placement } from '#domain/instance.ts';

/** A placement as its node is told it: whose runner it is, is nothing to the node. */
export const showDesired = ({ runner, ...told }: Placement) => told;
