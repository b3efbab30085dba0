import * as z from 'zod';
import { Timestamp, Uid } from './fields.ts';

/**
 * Something that happened to an instance or a node. `code` is an open list for clients: more may come. `by` is who did
 * it, where it was somebody.
 */
export const Event = z.object({
  timestamp: Timestamp,
  code: z.string(),
  detail: z.string(),
  by: Uid.nullable(),
  data: z.record(z.string(), z.union([z.string(), z.number()])),
});
