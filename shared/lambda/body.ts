import { problem } from '#domain/problem.ts';
import { type GatewayEvent, headerOf } from './event.ts';
import { parseJson } from './json.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });
// RFC 9110, 8.3.1: type and subtype are case-insensitive, parameters may follow.
const json = /^\s*application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

function textOf(event: GatewayEvent, limitBytes: number): string {
  const raw = event.body ?? '';
  const sizeBytes = event.isBase64Encoded ? Math.floor((raw.length * 3) / 4) : Buffer.byteLength(raw);
  // The length of base64 is known to two bytes, which its padding tells.
  const padding = event.isBase64Encoded ? raw.length - raw.replace(/=+$/, '').length : 0;
  if (sizeBytes - padding > limitBytes) {
    const detail = `The body has ${sizeBytes - padding} bytes; at most ${limitBytes} are allowed here.`;
    throw problem('body.too-large', detail);
  }
  if (!event.isBase64Encoded) return raw;
  try {
    return decoder.decode(Buffer.from(raw, 'base64'));
  } catch {
    throw problem('request.malformed', 'The body is not UTF-8.');
  }
}

/** The JSON of a body; `{}` where there is none, so that what is missing is said by name. */
export function readBody(event: GatewayEvent, limitBytes: number): unknown {
  const text = textOf(event, limitBytes);
  if (text === '') return {};
  const type = headerOf(event, 'content-type');
  if (type === undefined || !json.test(type)) {
    const given = type === undefined ? 'none was given' : `not ${JSON.stringify(type.slice(0, 64))}`;
    throw problem('media-type.unsupported', `Content-Type has to be application/json, ${given}.`);
  }
  return parseJson(text);
}
