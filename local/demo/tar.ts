/** A file, folder or symbolic link of an archive. */
export interface TarEntry {
  readonly path: string;
  readonly content?: Buffer;
  readonly link?: string;
  readonly mode?: number;
  readonly uid?: number;
}

const block = 512;

function header(entry: TarEntry): Buffer {
  const folder = entry.path.endsWith('/');
  const h = Buffer.alloc(block);
  const octal = (value: number, offset: number, length: number) =>
    h.write(value.toString(8).padStart(length - 1, '0'), offset, 'ascii');
  if (Buffer.byteLength(entry.path) > 100)
    throw new RangeError(`${entry.path} is longer than a tar header's 100 bytes.`);
  h.write(entry.path, 0, 'utf8');
  octal(entry.mode ?? (folder ? 0o755 : 0o644), 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.uid ?? 0, 116, 8);
  octal(entry.content?.length ?? 0, 124, 12);
  octal(0, 136, 12); // No time: the same files always make the same bytes.
  h.write('        ', 148, 'ascii');
  h.write(folder ? '5' : entry.link === undefined ? '0' : '2', 156, 'ascii');
  h.write(entry.link ?? '', 157, 'utf8');
  h.write('ustar\u000000', 257, 'ascii');
  octal(
    h.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  h[154] = 0;
  return h;
}

/** A ustar archive of the entries, in their order; a path that ends with a slash is a folder. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    const content = entry.content ?? Buffer.alloc(0);
    parts.push(header(entry), content, Buffer.alloc((block - (content.length % block)) % block));
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}
