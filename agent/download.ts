import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { open } from './http.ts';

const mostRedirects = 5;

/** Loads a file, and gives its SHA-256 in hex; `what` it is, for the sentence that says why not. */
export async function download(url: string, path: string, what: string, signal: AbortSignal): Promise<string> {
  let from = new URL(url);
  for (let i = 0; i <= mostRedirects; i++) {
    const response = await open({ target: { url: from }, method: 'GET', signal, timeoutSeconds: 60 });
    const { statusCode = 0, headers } = response;
    if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
      response.resume();
      from = new URL(headers.location, from);
      continue;
    }
    if (statusCode !== 200) {
      response.resume();
      throw new Error(`${from.origin} answered ${statusCode} for ${what}.`);
    }
    const hash = createHash('sha256');
    response.on('data', (chunk: Buffer) => hash.update(chunk));
    await pipeline(response, createWriteStream(path, { mode: 0o600, flush: true }));
    return hash.digest('hex');
  }
  throw new Error(`${url} leads from one address to the next.`);
}
