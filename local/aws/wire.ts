import { type AwsFault, awsFault } from './fault.ts';

/** An answer on its way out. */
export interface AwsReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How requests and answers of one service look on the wire. */
export interface Wire {
  /** What input that doesn't fit is called here. */
  succeed(operation: string, output: object, requestId: string): AwsReply;
  fail(fault: AwsFault, requestId: string): AwsReply;
}

/** https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html */
export const json11: Wire = {
  succeed: (_operation, output, requestId) => jsonReply(200, output, requestId),
  fail: ({ code, message, status }, requestId) =>
    jsonReply(status, message === '' ? { __type: code } : { __type: code, message }, requestId),
};

function jsonReply(status: number, body: object, requestId: string): AwsReply {
  // An operation without output answers an empty body, and the SDK parses that as {}.
  const text = Object.keys(body).length > 0 ? JSON.stringify(body) : '';
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId };
  return { status, headers, body: text };
}

/** Reads the body of a JSON request. */
export function readJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw awsFault('SerializationException', 'The request body is not valid JSON');
  }
}

/** https://smithy.io/2.0/aws/protocols/aws-query-protocol.html */
export function awsQuery(namespace: string): Wire {
  const head = `xmlns="${namespace}"`;
  return {
    succeed: (operation, output, requestId) =>
      xmlReply(
        200,
        `<${operation}Response ${head}><${operation}Result>${xml(output)}</${operation}Result>` +
          `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${operation}Response>`,
        requestId,
      ),
    fail: (fault, requestId) => {
      const { code, status } = queryNames[fault.code] ?? fault;
      const error = { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: fault.message };
      const body = `<Error>${xml(error)}</Error><RequestId>${requestId}</RequestId>`;
      return xmlReply(status, `<ErrorResponse ${head}>${body}</ErrorResponse>`, requestId);
    },
  };
}

/** The same refusals go by other names in the older protocol. */
const queryNames: Readonly<Record<string, { code: string; status: number }>> = {
  MissingAuthenticationTokenException: { code: 'MissingAuthenticationToken', status: 403 },
  IncompleteSignatureException: { code: 'IncompleteSignature', status: 400 },
  InvalidSignatureException: { code: 'SignatureDoesNotMatch', status: 403 },
  UnrecognizedClientException: { code: 'InvalidClientTokenId', status: 403 },
  ExpiredTokenException: { code: 'ExpiredToken', status: 403 },
  AccessDeniedException: { code: 'AccessDenied', status: 403 },
  UnknownOperationException: { code: 'InvalidAction', status: 400 },
};

function xmlReply(status: number, body: string, requestId: string): AwsReply {
  return { status, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId }, body };
}

function xml(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, inner]) => `<${name}>${xml(inner)}</${name}>`)
      .join('');
  }
  // Control characters have no form in XML 1.0.
  return String(value)
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd]/g, '�')
    .replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
