import type { Instance } from '../instance.ts';

/** Says that an instance was ended for its age. */
export const lifetimeReached = 'lifetime_reached';

/** Says that an instance was ended with its job, because the deadline of its node's drain had passed. */
export const drained = 'drained';

/** Whether it was ended though nothing was wrong with it: one that had listened has stopped, and not failed. */
export const endedEarly = ({ reason }: Pick<Instance, 'reason'>): boolean =>
  reason !== undefined && [lifetimeReached, drained].includes(reason.code);
