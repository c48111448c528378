import type { RuntimeEvent } from '../runtime.ts';
import { fromLabels, type Labels } from './labels.ts';

/** Longest event line that is read, in bytes: labels are in it. */
const MAX_LINE = 1024 * 1024;

/** Docker's words → ours. `destroy` is the removal. */
const TYPES: Readonly<Record<string, 'started' | 'died' | 'removed'>> = {
  start: 'started',
  die: 'died',
  destroy: 'removed',
};

/** The engine's stream of JSON lines as events of our containers and sandboxes. */
export async function* eventsOf(
  stream: AsyncIterable<Uint8Array>,
): AsyncGenerator<Exclude<RuntimeEvent, { type: 'resync' }>, void, undefined> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) throw new RangeError(`an event is longer than ${MAX_LINE} bytes`);
    for (const line of lines) {
      const event = line.trim() === '' ? undefined : readEvent(line);
      if (event !== undefined) yield event;
    }
  }
}

function readEvent(line: string): Exclude<RuntimeEvent, { type: 'resync' }> | undefined {
  const parsed = JSON.parse(line) as {
    readonly Type?: string;
    readonly Action?: string;
    readonly Actor?: { readonly ID?: string; readonly Attributes?: Labels };
  };
  const type = TYPES[parsed.Action ?? ''];
  const id = parsed.Actor?.ID;
  const labels = fromLabels(parsed.Actor?.Attributes ?? {});
  if (parsed.Type !== 'container' || type === undefined || id === undefined || labels === undefined) return undefined;
  return { type, id, pod: labels.pod, containerName: labels.containerName };
}
