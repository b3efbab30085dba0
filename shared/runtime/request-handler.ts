/** How long the SDK waits for one try of a call: without the last option it only warns, and the call hangs for good. */
export const givesUpAfter = (requestMs: number) =>
  ({ connectionTimeout: 1000, requestTimeout: requestMs, throwOnRequestTimeout: true }) as const;
