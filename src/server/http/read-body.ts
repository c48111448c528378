import type { IncomingMessage } from 'node:http';
import { ApiError } from '#api';
import type { Clock } from '#base';

export interface ReadBodyOptions {
  readonly limitBytes: number;
  /** From now to the last byte. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Told of every piece that is kept; may throw to refuse it. */
  readonly onBytes?: (count: number) => void;
}

/** The whole body of a request. Refuses a longer one as soon as that is known, before it is read. */
export async function readBody(request: IncomingMessage, options: ReadBodyOptions): Promise<Buffer> {
  const { limitBytes, timeoutMs, clock, onBytes } = options;
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limitBytes) throw tooLarge(limitBytes);
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    const timer = clock.after(timeoutMs, () => end(new ApiError('Timeout', 'the request body did not arrive in time')));
    const onData = (piece: Buffer) => {
      size += piece.length;
      if (size > limitBytes) return end(tooLarge(limitBytes));
      try {
        onBytes?.(piece.length);
      } catch (error) {
        return end(error);
      }
      pieces.push(piece);
    };
    const onEnd = () => end(undefined);
    const onError = () => end(new ApiError('BadRequest', 'the request body broke off'));
    function end(error: unknown): void {
      timer.cancel();
      request.off('data', onData).off('end', onEnd).off('error', onError).off('close', onError);
      if (error === undefined) {
        resolve(Buffer.concat(pieces));
      } else {
        request.pause();
        reject(error);
      }
    }
    request.on('data', onData).on('end', onEnd).on('error', onError).on('close', onError);
  });
}

function tooLarge(limitBytes: number): ApiError {
  return new ApiError('RequestEntityTooLarge', `the request body is larger than ${limitBytes} bytes`);
}
