import { randomUUID } from 'node:crypto';
import { accessDenied, awsFault, isAwsFault } from './aws/fault.ts';
import type { Installation } from './aws/installation.ts';
import type { Call, Caller, Operation } from './aws/operation.ts';
import { allows } from './aws/policy.ts';
import { readClaim, type SignedRequest, verifySignature } from './aws/sigv4.ts';
import { type AwsReply, awsQuery, json11, readJson, type Wire } from './aws/wire.ts';

/** A service as the front door sees it. */
export interface AwsService {
  /** Its name in a credential's scope and before the colon of an IAM action: `kms`. */
  readonly name: string;
  /** How its requests are told from others': the start of `X-Amz-Target`, or the `Version` of its query API. */
  readonly api: { readonly target: string } | { readonly version: string; readonly namespace: string };
  /** What it calls input that doesn't fit. */
  readonly invalidInput: string;
  readonly operations: Readonly<Record<string, Operation>>;
}

/** Temporary credentials, as whoever issued them remembers them. */
export interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly expiresAt: number;
  readonly caller: Caller;
}

/** What {@link awsEndpoint} needs. */
export interface AwsEndpointOptions {
  readonly installation: Installation;
  readonly region: string;
  readonly accountId: string;
  readonly services: readonly AwsService[];
  /** Opens a session token; undefined if nobody here has issued it. */
  readonly findSession: (token: string) => Session | undefined;
  readonly onError: (what: string, error: unknown) => void;
  readonly now?: () => number;
}

/** What a session can be allowed at all: the role that local STS hands out is that of a node's agent. */
const roleAllows = new Set(['logs:CreateLogStream', 'logs:PutLogEvents']);

/** The services of AWS behind one port: tells them apart, checks signatures, and answers in their own words. */
export function awsEndpoint(options: AwsEndpointOptions): {
  owns(headers: Readonly<Record<string, string>>): boolean;
  handle(request: SignedRequest): Promise<AwsReply>;
} {
  const { installation, region, accountId, services, findSession, onError, now = Date.now } = options;
  const user: Caller = { arn: `arn:aws:iam::${accountId}:user/runner-pilot`, userId: 'AIDARUNNERPILOTLOCAL' };

  function authenticate(request: SignedRequest, service: AwsService): Caller {
    const claim = readClaim(request, { region, service: service.name }, now());
    const token = request.headers['x-amz-security-token'];
    if (token === undefined && claim.accessKeyId === installation.accessKeyId) {
      verifySignature(request, claim, installation.secretAccessKey);
      return user;
    }
    const session = token === undefined ? undefined : findSession(token);
    if (session?.accessKeyId !== claim.accessKeyId) {
      throw awsFault('UnrecognizedClientException', 'The security token included in the request is invalid.');
    }
    verifySignature(request, claim, session.secretAccessKey);
    if (session.expiresAt <= now()) {
      throw awsFault('ExpiredTokenException', 'The security token included in the request is expired');
    }
    return session.caller;
  }

  async function call({ service, operationName, readInput }: Target, request: SignedRequest): Promise<object> {
    const caller = authenticate(request, service);
    const operation = Object.hasOwn(service.operations, operationName) && service.operations[operationName];
    if (!operation) throw unknownOperation(service, operationName);
    const action = `${service.name}:${operationName}`;
    const check = () => operation(readInput(), service.invalidInput);
    if (caller.session && !roleMay(action)) throw neverAllowed(caller, action, check);
    const { resource, run } = check();
    authorize(caller, action, resource);
    return run(caller);
  }

  return {
    owns: (headers) =>
      headers['x-amz-target'] !== undefined ||
      headers['smithy-protocol'] !== undefined ||
      (headers.authorization ?? '').startsWith('AWS4-HMAC-SHA256'),

    async handle(request) {
      const requestId = randomUUID();
      const reply = await answer(request, requestId);
      // Clients that are refused for their clock set it by this.
      return { ...reply, headers: { ...reply.headers, date: new Date(now()).toUTCString() } };
    },
  };

  async function answer(request: SignedRequest, requestId: string): Promise<AwsReply> {
    const target = findTarget(services, request);
    if (!target) return json11.fail(awsFault('UnknownOperationException'), requestId);
    try {
      return target.wire.succeed(target.operationName, await call(target, request), requestId);
    } catch (error) {
      if (isAwsFault(error)) return target.wire.fail(error, requestId);
      onError(`${target.service.name} ${target.operationName} failed`, error);
      return target.wire.fail(awsFault('InternalFailure', 'The local cloud failed; its log says why.', 500), requestId);
    }
  }
}

interface Target {
  readonly service: AwsService;
  readonly operationName: string;
  readonly wire: Wire;
  readInput(): unknown;
}

function findTarget(services: readonly AwsService[], { path, headers, body }: SignedRequest): Target | undefined {
  if (path.replace(/\?.*/s, '') !== '/') return undefined;
  const [prefix, operationName = ''] = (headers['x-amz-target'] ?? '').split('.');
  const form = prefix === '' ? new URLSearchParams(body.toString('utf8')) : undefined;
  for (const service of services) {
    const { api } = service;
    if ('target' in api && api.target === prefix) {
      return { service, operationName, wire: json11, readInput: () => readJson(body) };
    }
    if ('version' in api && form?.get('Version') === api.version) {
      const { Action = '', Version: _, ...input } = Object.fromEntries(form);
      return { service, operationName: Action, wire: awsQuery(api.namespace), readInput: () => input };
    }
  }
  return undefined;
}

function unknownOperation({ api }: AwsService, operationName: string): Error {
  if ('target' in api) return awsFault('UnknownOperationException');
  return awsFault('UnknownOperationException', `Could not find operation ${operationName} for version ${api.version}`);
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: needs no permission at all.
const roleMay = (action: string): boolean => roleAllows.has(action) || action === 'sts:GetCallerIdentity';

/** Said before anything else is: input that is wrong in other ways too tells nothing to whoever may not ask at all. */
function neverAllowed({ arn }: Caller, action: string, check: () => Call): Error {
  let resource = '*';
  try {
    ({ resource } = check());
  } catch {
    // There is no resource to be named.
  }
  return accessDenied(arn, action, resource, 'identity-based policy');
}

/** The installation's key may do anything; a session, of what its role may, what its policy allows. */
function authorize({ arn, session }: Caller, action: string, resource: string): void {
  if (!session?.policy || action === 'sts:GetCallerIdentity') return;
  if (!allows(session.policy, action, resource)) throw accessDenied(arn, action, resource, 'session policy');
}
