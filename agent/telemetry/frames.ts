/** Which of a container's two outputs a frame is from. */
export type Source = 1 | 2;

/** `2026-11-24T06:33:00.123456789Z`: fixed, so that times compare as text. */
const timeLength = 30;
const headerLength = 8;

/** A piece of output: a line, or 16 KiB of one that is longer. */
export interface Frame {
  readonly source: Source;
  readonly time: string;
  readonly text: Buffer;
  /** Does the line end here? */
  readonly ends: boolean;
}

/**
 * Cuts the engine's stream into frames: a header of 8 bytes (source, three zeros, length in big endian), the time, a
 * blank, the text. https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
 */
export function createFrames(onFrame: (frame: Frame) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (data.length - at >= headerLength) {
      const end = at + headerLength + data.readUInt32BE(at + 4);
      if (end > data.length) break;
      const source = data[at] === 2 ? 2 : 1;
      const from = at + headerLength;
      const ends = data[end - 1] === 0x0a;
      const textFrom = Math.min(from + timeLength + 1, end);
      onFrame({
        source,
        time: data.toString('latin1', from, Math.min(from + timeLength, end)),
        text: data.subarray(textFrom, ends && end > textFrom ? end - 1 : end),
        ends,
      });
      at = end;
    }
    rest = at === data.length ? Buffer.alloc(0) : data.subarray(at);
  };
}
