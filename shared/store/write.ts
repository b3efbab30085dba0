/** Who does something, for the audit trail. */
export interface Actor {
  /** The user's uid. */
  readonly uid: string;
  readonly request_id: string;
}

/** A request that may have its effect once: whose key it is, and the hash of path and body that it is bound to. */
export interface Once {
  readonly user: string;
  readonly operation: string;
  readonly key: string;
  readonly hash: string;
}

/** What every creation is given besides what is to be created. */
export interface Creating {
  readonly by: Actor;
  readonly once?: Once | undefined;
}

/** What a creation gives back: the resource as it is now, and whether it was there already by the same idempotency key. */
export interface Created<T> {
  readonly created: T;
  readonly replayed: boolean;
}

/** What every change is given besides the change: `ifMatch` is the version that the caller has seen. */
export interface Changing {
  readonly by: Actor;
  readonly ifMatch?: number | undefined;
}
