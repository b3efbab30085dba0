import { version } from '#domain/version.ts';

/** The version of this agent: that of the product it is built from. */
export const agentVersion = version;
