/** What forgeries are made from: a good token, its parts, and ways to sign. */
export interface Forge {
  readonly token: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  encode(value: unknown): string;
  sign(text: string): string;
  signAsStranger(text: string): string;
  hmacWithPublicKey(text: string): string;
  readonly strangerJwk: object;
}

/** Tokens that must not be accepted, each with how it was made. */
export function forgeries(forge: Forge): readonly (readonly [string, string])[] {
  const { token, encode, header, claims, sign } = forge;
  const [head = '', body = '', signature = ''] = token.split('.');
  const make = (changes: object, more: object = {}, by = sign): string => {
    const text = `${encode({ ...header, ...changes })}.${encode({ ...claims, ...more })}`;
    return `${text}.${by(text)}`;
  };
  const without = (name: string): string => {
    const text = `${head}.${encode({ ...claims, [name]: undefined })}`;
    return `${text}.${sign(text)}`;
  };
  const iat = Number(claims.iat);
  const unsigned = (alg: string) => `${encode({ ...header, alg })}.${body}.`;
  const zero = Buffer.alloc(64).toString('base64url');
  const spare = (part: string): string => part.slice(0, -1) + String.fromCharCode(part.charCodeAt(part.length - 1) + 1);

  const headers: [string, object][] = [
    ['alg none, signed', { alg: 'none' }],
    ['alg HS256, signed with ES256', { alg: 'HS256' }],
    ['alg ES384', { alg: 'ES384' }],
    ['alg es256', { alg: 'es256' }],
    ['alg null', { alg: null }],
    ['alg a list', { alg: ['ES256'] }],
    ['no alg', { alg: undefined }],
    ['no kid', { kid: undefined }],
    ['an unknown kid', { kid: 'second' }],
    ['a kid in another case', { kid: 'FIRST' }],
    ['a kid with a blank', { kid: 'first ' }],
    ['a kid that is a path', { kid: '../../../../dev/null' }],
    ['a kid that is a query', { kid: "first' OR '1'='1" }],
    ['a kid that is a number', { kid: 1 }],
    ['a kid that every object has', { kid: 'constructor' }],
    ['a kid that is a prototype', { kid: '__proto__' }],
    ['an embedded key', { jwk: forge.strangerJwk }],
    ['a key to be fetched', { jku: 'https://evil.example/jwks' }],
    ['a certificate to be fetched', { x5u: 'https://evil.example/cert' }],
    ['an embedded certificate', { x5c: ['MII'] }],
    ['a thumbprint', { x5t: 'abc' }],
    ['a critical extension', { crit: ['exp'] }],
    ['an unencoded payload', { b64: false, crit: ['b64'] }],
    ['compression', { zip: 'DEF' }],
    ['a nested token', { cty: 'JWT' }],
    ['another type', { typ: 'at+jwt' }],
    ['no type', { typ: undefined }],
    ['encryption', { enc: 'A256GCM' }],
  ];
  const bodies: [string, object][] = [
    ['expired', { iat: iat - 7200, exp: iat - 3600 }],
    ['good for a day', { exp: iat + 86_400 }],
    ['good for 3,601 s', { exp: iat + 3601 }],
    ['issued in the future', { iat: iat + 60, exp: iat + 3600 }],
    ['issued over an hour ago, not expired', { iat: iat - 3700, exp: iat + 100 }],
    ['not yet good', { nbf: iat + 600 }],
    ['exp as text', { exp: String(iat + 3600) }],
    ['exp infinite', { exp: 1e300 }],
    ['iat as text', { iat: String(iat) }],
    ['exp negative', { exp: -1 }],
    ['another issuer', { iss: 'urn:runner-pilot:other' }],
    ['an issuer in a list', { iss: [claims.iss] }],
    ['another audience', { aud: 'someone-else' }],
    ['audiences in a list', { aud: [claims.aud, 'someone-else'] }],
    ['a subject that is a number', { sub: 7 }],
    ['an empty subject', { sub: '' }],
    ['a subject without end', { sub: 'x'.repeat(65) }],
    ['a version as text', { ver: '3' }],
    ['a version that is a fraction', { ver: 3.5 }],
    ['a negative version', { ver: -1 }],
  ];
  return [
    ...headers.map(([how, changes]) => [how, make(changes)] as const),
    ...bodies.map(([how, changes]) => [how, make({}, changes)] as const),
    ...['iss', 'aud', 'exp', 'iat', 'sub', 'ver'].map((name) => [`without ${name}`, without(name)] as const),
    ['alg none, unsigned', unsigned('none')],
    ['alg None, unsigned', unsigned('None')],
    ['alg NONE, unsigned', unsigned('NONE')],
    ['unsigned', `${head}.${body}.`],
    ['without a signature', `${head}.${body}`],
    ['with a signature of zeros', `${head}.${body}.${zero}`],
    ['with half a signature', `${head}.${body}.${signature.slice(0, 43)}`],
    ['with twice the signature', `${head}.${body}.${signature}${signature}`],
    ['with a signature spelled otherwise', `${head}.${body}.${spare(signature)}`],
    ['with padding', `${token}==`],
    ['with a blank', `${token} `],
    ['with a line end', `${token}\n`],
    ['with a fourth part', `${token}.x`],
    ['with an empty first part', `.${body}.${signature}`],
    ['signed by a stranger', make({}, {}, forge.signAsStranger)],
    ['with the public key as secret', make({ alg: 'HS256' }, {}, forge.hmacWithPublicKey)],
    ['in ordinary base64', `${head}.${body}.${Buffer.from(signature, 'base64url').toString('base64')}`],
    ['a body that is no object', ((text) => `${text}.${sign(text)}`)(`${head}.${encode('x')}`)],
    ['a body that is no JSON', ((text) => `${text}.${sign(text)}`)(`${head}.eHg`)],
    ['a header that is no JSON', ((text) => `${text}.${sign(text)}`)(`eHg.${body}`)],
    ['longer than 2,048 characters', make({}, { more: 'x'.repeat(2048) })],
    ['nothing', ''],
    ['dots', '..'],
  ];
}
