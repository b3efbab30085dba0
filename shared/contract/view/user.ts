import type { User } from '#domain/user.ts';
import { timestamp } from './time.ts';

/** A person, as the API shows them. */
export const showUser = ({ uid, full_name, email, created_at }: User) => ({
  uid,
  full_name,
  email,
  created_at: timestamp(created_at),
});
