import * as z from 'zod';

/** What GitHub calls the architectures of machines. */
export const Architecture = z.enum(['x64', 'arm64', 'arm']);
export type Architecture = z.output<typeof Architecture>;
