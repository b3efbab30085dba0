/** Every way in which a request can be refused: a closed table, each code with its status and title. */
export const problems = {
  'request.malformed': { status: 400, title: 'The request could not be read' },
  'request.invalid': { status: 400, title: 'The request has invalid members' },
  'runner.token-masked': { status: 400, title: 'A masked token was sent back' },
  'token.missing': { status: 401, title: 'A bearer token is needed' },
  'token.invalid': { status: 401, title: 'The token is not valid' },
  'login.refused': { status: 401, title: 'E-mail or password is wrong' },
  'enrollment.refused': { status: 401, title: 'The enrollment code is not valid' },
  'role.insufficient': { status: 403, title: 'Your role does not allow this' },
  'host.refused': { status: 403, title: 'The Host header names another service' },
  'route.not-found': { status: 404, title: 'There is no such route' },
  'organization.not-found': { status: 404, title: 'There is no such organization' },
  'node.not-found': { status: 404, title: 'There is no such node' },
  'runner.not-found': { status: 404, title: 'There is no such runner' },
  'registry.not-found': { status: 404, title: 'There is no login for this registry' },
  'image.not-wanted': { status: 404, title: 'The node is not to have this image' },
  'instance.not-found': { status: 404, title: 'There is no such instance' },
  'metrics.none-yet': { status: 404, title: 'There are no metrics yet' },
  'installer.not-found': { status: 404, title: 'This installation serves no agent' },
  'method.not-allowed': { status: 405, title: 'The route does not know this method' },
  'email.taken': { status: 409, title: 'The e-mail is registered already' },
  'organization.taken': { status: 409, title: 'The short name is taken' },
  'onboarding.done': { status: 409, title: 'Onboarding has been done' },
  'organization.limit': { status: 409, title: 'The organization has reached a limit' },
  'node.has-instances': { status: 409, title: 'The node has instances' },
  'node.inactive': { status: 409, title: 'The node takes no new instances' },
  'node.full': { status: 409, title: 'The node is full' },
  'node.none-available': { status: 409, title: 'No node can take the instance' },
  'node.not-allowed': { status: 409, title: 'The node does not allow this' },
  'node.type-unavailable': { status: 409, title: 'This installation has no such nodes' },
  'runner.has-instances': { status: 409, title: 'The runner has instances' },
  'runner.deleting': { status: 409, title: 'The runner is being deleted' },
  'runner.token-expired': { status: 409, title: 'The registration token has expired' },
  'instance.busy': { status: 409, title: 'The instance runs a job' },
  'sync.wait': { status: 409, title: 'The node is in doubt' },
  'claim.wait': { status: 409, title: 'The claim has to wait' },
  'claim.started': { status: 409, title: 'The instance has started already' },
  'claim.not-wanted': { status: 409, title: 'The instance is not wanted' },
  'version.stale': { status: 412, title: 'The resource has changed since' },
  'body.too-large': { status: 413, title: 'The body is too large' },
  'media-type.unsupported': { status: 415, title: 'The body has to be JSON' },
  'idempotency.mismatch': { status: 422, title: 'The idempotency key was used for another request' },
  'rate.limited': { status: 429, title: 'Too many requests' },
  'internal.error': { status: 500, title: 'Something went wrong on our side' },
  'service.unavailable': { status: 503, title: 'Please try again' },
} as const satisfies Record<string, { status: number; title: string }>;

/** A code of the table above. */
export type ProblemCode = keyof typeof problems;

/** One invalid member of a request: where it is (`body.name`), and what would be right. */
export interface InvalidMember {
  readonly path: string;
  readonly message: string;
}

/** What a refusal may carry besides its sentence. */
export interface ProblemOptions {
  readonly errors?: readonly InvalidMember[];
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** The one error class: a refusal with a code of the table and a sentence that says what was wrong and what to do. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly options: ProblemOptions;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Problem';
    this.code = code;
    this.options = options;
  }

  get status(): number {
    return problems[this.code].status;
  }
}

/** Makes the problem that is to be thrown: `throw problem('node.not-found', 'There is no node "x".')`. */
export const problem = (code: ProblemCode, detail: string, options?: ProblemOptions): Problem =>
  new Problem(code, detail, options);
