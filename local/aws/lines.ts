import { appendFileSync, closeSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { writePrivateFile } from './disk.ts';

/** A file of JSON values, one a line, that is only appended to. */
export interface Lines {
  /** Is in the file once this returns: it survives the end of this process. */
  append(...values: object[]): void;
  /** Replaces everything, as a whole. */
  rewrite(values: readonly object[]): void;
  close(): void;
}

/** Opens such a file and reads what is in it. A line that was cut off by a crash was never acknowledged: it is dropped. */
export function openLines(path: string): { lines: Lines; values: unknown[] } {
  let file = openSync(path, 'a+', 0o600);
  const content = readFileSync(file);
  let closed = false;
  let length = content.lastIndexOf(0x0a) + 1;
  ftruncateSync(file, length);
  const values = content.toString('utf8', 0, length).split('\n').filter(Boolean).flatMap(parseLine);

  const lines: Lines = {
    append(...added) {
      const text = Buffer.from(added.map((value) => `${JSON.stringify(value)}\n`).join(''));
      try {
        appendFileSync(file, text);
      } catch (error) {
        ftruncateSync(file, length); // On a full disk half a line may be there: the next one must not be glued to it.
        throw error;
      }
      length += text.length;
    },
    rewrite(replacing) {
      const text = replacing.map((value) => `${JSON.stringify(value)}\n`).join('');
      writePrivateFile(path, text);
      closeSync(file);
      file = openSync(path, 'a', 0o600);
      length = Buffer.byteLength(text);
    },
    close() {
      if (!closed) closeSync(file);
      closed = true;
    },
  };
  return { lines, values };
}

/** What a power cut has garbled is skipped, and the rest is kept. */
export function parseLine(line: string): unknown[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
