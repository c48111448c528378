import { errorCode } from '#base';
import { RuntimeError } from '../errors.ts';
import type { LogRequest } from '../runtime.ts';
import type { Engine } from './engine.ts';
import type { DockerInspect } from './inspect.ts';
import { demultiplex } from './log-stream.ts';

/** A container's output, both streams in order. Ends with the container (`follow`), at the end of the log, or on abort. */
export async function* readLogs(
  engine: Engine,
  id: string,
  { follow = false, tailLines, sinceMs, timestamps = false, signal }: LogRequest,
): AsyncGenerator<Uint8Array, void, undefined> {
  const inspected = await engine.call(async (docker, abortSignal) => {
    const found: DockerInspect = await docker.getContainer(id).inspect({ abortSignal });
    return found;
  });
  const query = {
    stdout: '1',
    stderr: '1',
    follow: follow ? '1' : '0',
    timestamps: timestamps ? '1' : '0',
    tail: tailLines === undefined ? 'all' : String(tailLines),
    // Seconds with a fraction. Docker takes 0 for "from the start".
    since: sinceMs === undefined ? '0' : (sinceMs / 1000).toFixed(9),
  };
  try {
    const stream = await engine.stream(`/containers/${id}/logs`, query, signal);
    yield* inspected.Config.Tty === true ? stream : demultiplex(stream);
  } catch (error) {
    if (signal?.aborted) return;
    if (error instanceof RuntimeError) throw error;
    throw new RuntimeError('EngineUnavailable', `the log stream broke: ${errorCode(error) ?? 'unknown'}`, error);
  }
}
