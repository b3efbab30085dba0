import type { IncomingMessage } from 'node:http';

/** A call on its way out, as far as it can be told from the wire. */
export interface WireCall {
  readonly service: 'dynamodb' | 'ssm' | 'logs' | 'kms' | 'sts' | 'github';
  /** Such as `TransactWriteItems`, or `POST /repos/{…}/actions/runners/generate-jitconfig`. */
  readonly operation: string;
}

// The prefix of X-Amz-Target that each service's protocol has (AWS JSON 1.0 and 1.1).
const targets = [
  ['DynamoDB', 'dynamodb'],
  ['AmazonSSM', 'ssm'],
  ['Logs', 'logs'],
  ['TrentService', 'kms'],
] as const;

/** Tells what a request is: by `X-Amz-Target`, by the query protocol's `Action`, or by GitHub's paths. */
export function wireCallOf({ method, url = '', headers }: IncomingMessage, body: Buffer): WireCall {
  const target = String(headers['x-amz-target'] ?? '');
  const known = targets.find(([prefix]) => target.startsWith(prefix));
  if (known) return { service: known[1], operation: target.split('.').at(-1) ?? '' };
  const action = /(?:^|&)Action=(\w+)/.exec(body.toString('latin1'))?.[1];
  if (action) return { service: 'sts', operation: action };
  const path = url
    .replace(/\?.*$/, '')
    .replace(/^\/api\/v3/, '')
    .replace(/\/\d+\b/g, '/{id}');
  return { service: 'github', operation: `${method} ${path}` };
}
