import type { Scope } from './scope.ts';

/** The data key of an organization, wrapped by KMS (base64). */
export interface DataKeys {
  find(scope: Scope): Promise<string | undefined>;
  /** Stores one if there is none: gives the one that is there now. */
  create(scope: Scope, wrapped: string): Promise<string>;
}
