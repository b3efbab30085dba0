/** The version of this agent: that of the package it is built from. */
export const agentVersion = '0.1.0';
