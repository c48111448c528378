import type { RuntimeEvent } from '../runtime.ts';
import { fromLabels, type Labels } from './labels.ts';

/** Longest event line that is read, in bytes: labels are in it. */
const MAX_LINE = 1024 * 1024;

/** Docker's word for a process that was killed for want of memory. */
const OUT_OF_MEMORY = 'oom';

/** Docker's words → ours. `destroy` is the removal. */
const TYPES: Readonly<Record<string, 'started' | 'died' | 'removed' | 'changed'>> = {
  start: 'started',
  die: 'died',
  destroy: 'removed',
  [OUT_OF_MEMORY]: 'changed',
};

/** The engine's stream of JSON lines as events of our containers and sandboxes; `onOom` is told before the event is. */
export async function* eventsOf(
  stream: AsyncIterable<Uint8Array>,
  onOom: (id: string) => void = () => undefined,
): AsyncGenerator<Exclude<RuntimeEvent, { type: 'resync' }>, void, undefined> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) throw new RangeError(`an event is longer than ${MAX_LINE} bytes`);
    for (const line of lines) {
      const event = line.trim() === '' ? undefined : readEvent(line, onOom);
      if (event !== undefined) yield event;
    }
  }
}

function readEvent(line: string, onOom: (id: string) => void): Exclude<RuntimeEvent, { type: 'resync' }> | undefined {
  const parsed = JSON.parse(line) as {
    readonly Type?: string;
    readonly Action?: string;
    readonly Actor?: { readonly ID?: string; readonly Attributes?: Labels };
  };
  const type = TYPES[parsed.Action ?? ''];
  const id = parsed.Actor?.ID;
  const labels = fromLabels(parsed.Actor?.Attributes ?? {});
  if (parsed.Type !== 'container' || type === undefined || id === undefined || labels === undefined) return undefined;
  if (parsed.Action === OUT_OF_MEMORY) onOom(id);
  return { type, id, pod: labels.pod, containerName: labels.containerName };
}
