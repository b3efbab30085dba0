import type { WireCall } from './wire-call.ts';

/** A reply as it goes over the wire. */
export interface WireReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}): WireReply => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1', ...headers },
  body: Buffer.from(JSON.stringify(body)),
});

// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html: the query protocol answers XML.
const stsError = (status: number, code: string, message: string): WireReply => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body: Buffer.from(
    `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code>` +
      `<Message>${message}</Message></Error><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>`,
  ),
});

const rateExceeded = 'Rate exceeded';

/** How a service itself refuses a call because there were too many. */
export function throttled({ service, operation }: WireCall): WireReply {
  switch (service) {
    case 'github':
      // https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
      return json(
        403,
        { message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.' },
        { 'content-type': 'application/json', 'retry-after': '1' },
      );
    case 'sts':
      return stsError(400, 'Throttling', rateExceeded);
    case 'dynamodb': {
      const name = operation.startsWith('Transact') ? 'ThrottlingException' : 'ProvisionedThroughputExceededException';
      return json(400, { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: rateExceeded });
    }
    default:
      return json(400, { __type: 'ThrottlingException', message: rateExceeded });
  }
}

/** How a service says that something of its own went wrong. */
export function failed({ service }: WireCall): WireReply {
  switch (service) {
    case 'github':
      return { status: 502, headers: { 'content-type': 'text/html' }, body: Buffer.from('<h1>502 Bad Gateway</h1>') };
    case 'sts':
      return stsError(500, 'InternalFailure', 'The request processing has failed.');
    case 'kms':
      return json(500, { __type: 'KMSInternalException', message: 'An internal exception occurred.' });
    case 'dynamodb':
      return json(500, { __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError', message: 'Internal error.' });
    default:
      return json(500, { __type: 'InternalServerError', message: 'Internal error.' });
  }
}
