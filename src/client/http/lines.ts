import { ApiError } from '#api';

const NEWLINE = 0x0a;

/** The lines of a stream, without their ends. Throws `RequestEntityTooLarge` for a longer line than the limit. */
export async function* readLines(source: AsyncIterable<Uint8Array>, limitBytes: number): AsyncGenerator<string> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  for await (const piece of source) {
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...rest, piece.subarray(start, end)]);
      if (line.length > limitBytes) throw tooLong(limitBytes);
      rest = [];
      restBytes = 0;
      start = end + 1;
      if (line.length > 0) yield line.toString('utf8');
    }
    if (start === piece.length) continue;
    rest.push(piece.subarray(start));
    restBytes += piece.length - start;
    if (restBytes > limitBytes) throw tooLong(limitBytes);
  }
  if (restBytes > 0) yield Buffer.concat(rest).toString('utf8');
}

function tooLong(limitBytes: number): ApiError {
  return new ApiError('RequestEntityTooLarge', `the server sent a line of more than ${limitBytes} bytes`);
}
