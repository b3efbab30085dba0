import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { awsFault } from './fault.ts';

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

/** A request as it came, header names in lower case. */
export interface SignedRequest {
  readonly method: string;
  /** With its query, as it was sent. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What an `Authorization` header of AWS4-HMAC-SHA256 says. */
export interface Claim {
  readonly accessKeyId: string;
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly timestamp: string;
}

const algorithm = 'AWS4-HMAC-SHA256';
const skewMs = 15 * 60_000;

/** Reads who claims to have signed a request, for what and when, and refuses what can't be valid whatever the key. */
export function readClaim(request: SignedRequest, scope: { region: string; service: string }, now: number): Claim {
  const header = request.headers.authorization;
  if (!header) throw awsFault('MissingAuthenticationTokenException', 'Request is missing Authentication Token');
  const claim = parseAuthorization(header, request.headers['x-amz-date'] ?? '');
  checkScope(claim, scope);
  checkTime(claim.timestamp, now);
  checkSignedHeaders(claim.signedHeaders, request.headers);
  return claim;
}

/** Refuses a request that its claimed key has not signed, or that was changed since. */
export function verifySignature(request: SignedRequest, claim: Claim, secretAccessKey: string): void {
  const scope = `${claim.day}/${claim.region}/${claim.service}/aws4_request`;
  const toSign = [algorithm, claim.timestamp, scope, sha256(canonicalRequest(request, claim.signedHeaders))].join('\n');
  const key = [claim.day, claim.region, claim.service, 'aws4_request'].reduce<string | Buffer>(
    (derived, part) => hmac(derived, part),
    `AWS4${secretAccessKey}`,
  );
  const expected = hmac(key, toSign);
  const given = Buffer.from(claim.signature, 'hex');
  if (given.length === expected.length && timingSafeEqual(given, expected)) return;
  throw awsFault(
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
      'and signing method. Consult the service documentation for details.',
  );
}

function parseAuthorization(header: string, timestamp: string): Claim {
  const [scheme, ...rest] = header.split(' ');
  if (scheme !== algorithm) throw incomplete(`Unsupported AWS 'algorithm': '${scheme}'.`);
  const parts = new Map(
    rest
      .join(' ')
      .split(',')
      .map((part): [string, string] => {
        const at = part.indexOf('=');
        return [part.slice(0, at).trim(), part.slice(at + 1).trim()];
      }),
  );
  const [credential, signedHeaders, signature] = ['Credential', 'SignedHeaders', 'Signature'].map((name) => {
    const value = parts.get(name);
    if (!value) throw incomplete(`Authorization header requires '${name}' parameter. Authorization=${scheme}`);
    return value;
  });
  const [accessKeyId = '', day = '', region = '', service = '', terminator = '', ...more] = (credential ?? '').split(
    '/',
  );
  if (terminator !== 'aws4_request' || more.length > 0) {
    throw awsFault('InvalidSignatureException', "Credential should be scoped with a valid terminator: 'aws4_request'.");
  }
  if (!/^\d{8}T\d{6}Z$/.test(timestamp)) {
    throw incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  }
  return {
    accessKeyId,
    day,
    region,
    service,
    signedHeaders: (signedHeaders ?? '').split(';'),
    signature: signature ?? '',
    timestamp,
  };
}

function checkScope(claim: Claim, expected: { region: string; service: string }): void {
  const wrong =
    claim.region !== expected.region
      ? `Credential should be scoped to a valid region, not '${claim.region}'.`
      : claim.service !== expected.service
        ? `Credential should be scoped to correct service: '${expected.service}'.`
        : claim.day !== claim.timestamp.slice(0, 8)
          ? 'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
            `'${claim.day}' != '${claim.timestamp.slice(0, 8)}', from '${claim.timestamp}'.`
          : undefined;
  if (wrong) throw awsFault('InvalidSignatureException', wrong);
}

function checkTime(timestamp: string, now: number): void {
  const signedAt = Date.parse(timestamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(signedAt)) throw incomplete(`Date must be in ISO-8601 'basic format'. Got '${timestamp}'.`);
  if (signedAt < now - skewMs) {
    const why = `${timestamp} is now earlier than ${basic(now - skewMs)} (${basic(now)} - 15 min.)`;
    throw awsFault('InvalidSignatureException', `Signature expired: ${why}`);
  }
  if (signedAt > now + skewMs) {
    const why = `${timestamp} is still later than ${basic(now + skewMs)} (${basic(now)} + 15 min.)`;
    throw awsFault('InvalidSignatureException', `Signature not yet current: ${why}`);
  }
}

/** What is not signed could be changed on the way: the operation (`x-amz-target`) must not be. */
function checkSignedHeaders(signed: readonly string[], headers: Readonly<Record<string, string>>): void {
  if (!signed.includes('host')) {
    throw awsFault(
      'InvalidSignatureException',
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    );
  }
  const unsigned = Object.keys(headers).find((name) => name.startsWith('x-amz-') && !signed.includes(name));
  if (unsigned) throw awsFault('InvalidSignatureException', `'${unsigned}' must be a 'SignedHeader'.`);
}

function canonicalRequest({ method, path, headers, body }: SignedRequest, signed: readonly string[]): string {
  const [rawPath = '/', query = ''] = path.split(/\?(.*)/s);
  return [
    method.toUpperCase(),
    canonicalPath(rawPath),
    canonicalQuery(query),
    ...signed.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    signed.join(';'),
    sha256(body),
  ].join('\n');
}

/** Every service but S3 normalizes the path and encodes it a second time. */
function canonicalPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '.' && segment !== '') kept.push(encode(segment));
  }
  const end = kept.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${kept.join('/')}${end}`;
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair): [string, string] => {
      const at = pair.indexOf('=');
      return at < 0 ? [recode(pair), ''] : [recode(pair.slice(0, at)), recode(pair.slice(at + 1))];
    })
    .sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function recode(text: string): string {
  try {
    return encode(decodeURIComponent(text));
  } catch {
    return encode(text); // A lone % decodes to nothing; the signature then decides.
  }
}

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

const basic = (time: number): string => new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '');
const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
const hmac = (key: string | Buffer, content: string): Buffer => createHmac('sha256', key).update(content).digest();
const incomplete = (message: string) => awsFault('IncompleteSignatureException', message);
