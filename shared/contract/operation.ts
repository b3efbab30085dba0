import type * as z from 'zod';
import type { ProblemCode } from '#domain/problem.ts';

/** Who may call an operation: everybody, a user with a token, a node with its token, or a node with its enrollment code. */
export type Audience = 'public' | 'user' | 'node';

/** An operation of the HTTP API, as data. Routes, validation, types, documents, client and tests are derived from it. */
export interface Operation {
  /** `nodes.create`: the function is `functions/nodes/create.ts`, the Lambda `NodesCreate`. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: `/${string}`;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly audience: Audience;
  /** Path parameters, by name, as they stand in `path`. */
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  /** Absent where the operation takes no body. */
  readonly body?: z.ZodType;
  /** Members that a `PUT` takes when they equal what `GET` gives (an edit form sends all it has), and those it ignores. */
  readonly readOnly?: { readonly equal: readonly string[]; readonly ignored: readonly string[] };
  readonly reply: z.ZodType;
  /** The media type of a reply that is not JSON; `reply` is a string then. */
  readonly mediaType?: string;
  /** Problems of its own, besides those that its other members imply. */
  readonly problems: readonly ProblemCode[];
  /** Takes `Idempotency-Key`. */
  readonly idempotent?: boolean;
  /** Answers with an `ETag` (GET) or obeys `If-Match` (PUT). */
  readonly versioned?: boolean;
  /** Takes `?limit=` and `?cursor=`, and answers with `Link`. */
  readonly paged?: boolean;
  /** Takes `Prefer: wait=N` and `Prefer: respond-async`. */
  readonly waits?: boolean;
  /** The largest body, in bytes. Default 65,536. */
  readonly bodyLimitBytes?: number;
  /** Examples by name of what is sent and answered; those of the order are called `order`. */
  readonly examples: Readonly<Record<string, { readonly body?: unknown; readonly reply: unknown }>>;
}

/** Makes an operation: frozen, with its literal types kept. */
export const operation = <const O extends Operation>(o: O): O => Object.freeze(o);
