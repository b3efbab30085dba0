const block = 512;

/** An archive of one empty folder that everybody may write to: the ustar format of pax(1). */
export function openFolder(name: string): Buffer {
  const archive = Buffer.alloc(3 * block);
  archive.write(`${name}/`, 0, 100, 'utf8');
  archive.write('0000777\0', 100, 'ascii');
  for (const number of [108, 116]) archive.write('0000000\0', number, 'ascii');
  for (const long of [124, 136]) archive.write('00000000000\0', long, 'ascii');
  archive.write('        5', 148, 'ascii');
  archive.write('ustar\u000000', 257, 'ascii');
  const sum = archive.subarray(0, block).reduce((all, byte) => all + byte, 0);
  archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return archive;
}
