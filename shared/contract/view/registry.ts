import type { Registry } from '#domain/registry.ts';
import { timestamp } from './time.ts';

/** A registry, as the API shows it. */
export const showRegistry = ({ host, username, created_at, changed_at }: Omit<Registry, 'password' | 'version'>) => ({
  host,
  username,
  created_at: timestamp(created_at),
  changed_at: timestamp(changed_at),
});
