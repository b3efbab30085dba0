import * as z from 'zod';

/** A person. Times are epoch milliseconds; `token_version` moves when all sessions are to end. */
export const User = z.object({
  uid: z.string(),
  email: z.string(),
  full_name: z.string(),
  token_version: z.int(),
  onboarded_at: z.int().optional(),
  created_at: z.int(),
});
export type User = z.output<typeof User>;

/** An e-mail address with the hash of its password (PHC string): all that login reads. */
export const Login = z.object({
  uid: z.string(),
  email: z.string(),
  full_name: z.string(),
  password_hash: z.string(),
  token_version: z.int(),
});
export type Login = z.output<typeof Login>;
