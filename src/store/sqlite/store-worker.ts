/** Entry of the store's worker threads. `workerData` says which of the two this one is. */
import { type MessagePort, parentPort, type Transferable, workerData } from 'node:worker_threads';
import { toStoreError } from './database.ts';
import {
  type FromWorker,
  Packer,
  type ReaderCalls,
  type ToWorker,
  type WorkerSetup,
  type WriterCalls,
} from './protocol.ts';
import { StoreReader } from './reader.ts';
import { StoreWriter } from './writer.ts';

type Send = (message: FromWorker, transfer?: readonly Transferable[]) => void;
type Calls<C extends { readonly [M in keyof C]: { readonly request: unknown; readonly answer: unknown } }> = {
  readonly [M in keyof C]: (request: C[M]['request']) => C[M]['answer'];
};

function start(port: MessagePort, setup: WorkerSetup): void {
  const send: Send = (message, transfer = []) => port.postMessage(message, transfer);
  try {
    const { calls, revision } = setup.role === 'writer' ? writerCalls(setup, send) : readerCalls(setup);
    port.on('message', (message: ToWorker) => answer(message, calls, send));
    send({ type: 'ready', revision });
  } catch (error) {
    send({ type: 'failed', error: wireError(error) });
  }
}

function writerCalls(
  setup: WorkerSetup,
  send: Send,
): { readonly calls: Calls<WriterCalls>; readonly revision: number } {
  const writer = new StoreWriter(setup);
  let sweeping: NodeJS.Immediate | undefined;
  const sweep = () => {
    sweeping = undefined;
    try {
      // Commits that came meanwhile are taken before the next slice.
      if (writer.sweep()) sweeping = setImmediate(sweep);
    } catch (error) {
      // Nothing is lost: the next compaction, or the next start, goes on from here.
      send({ type: 'trouble', error: wireError(error) });
    }
  };
  sweep();
  const calls: Calls<WriterCalls> = {
    commit({ commits, bytes }) {
      const previous = new Packer();
      const results = writer.commit(
        commits.map((operations) => ({ operations, bytes })),
        previous,
      );
      return { results, bytes: previous.bytes() };
    },
    compact({ revision }) {
      writer.compact(revision);
      sweeping ??= setImmediate(sweep);
      return null;
    },
    resetLog({ truncate }) {
      writer.resetLog(truncate);
      return null;
    },
    close() {
      clearImmediate(sweeping);
      writer.close();
      return null;
    },
  };
  return { calls, revision: writer.revision };
}

function readerCalls(setup: WorkerSetup): { readonly calls: Calls<ReaderCalls>; readonly revision: number } {
  const reader = new StoreReader(setup);
  const calls: Calls<ReaderCalls> = {
    get: (request) => reader.get(request),
    list: (request) => reader.list(request),
    history: (request) => reader.history(request),
    checkpoint: () => reader.checkpoint(),
    close() {
      reader.close();
      return null;
    },
  };
  return { calls, revision: 0 };
}

/** Runs one call and sends its answer, whose buffer is handed over, or its error. */
function answer(message: ToWorker, calls: object, send: Send): void {
  try {
    const call: unknown = Reflect.get(calls, message.method);
    if (typeof call !== 'function') throw new TypeError(`unknown call ${message.method}`);
    const result: unknown = call(message.request);
    const bytes = typeof result === 'object' && result !== null && 'bytes' in result ? result.bytes : undefined;
    const transfer = bytes instanceof Uint8Array && bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : [];
    send({ type: 'answer', id: message.id, answer: result }, transfer);
  } catch (error) {
    send({ type: 'error', id: message.id, error: wireError(error) });
  }
}

function wireError(error: unknown): {
  readonly code: ReturnType<typeof toStoreError>['code'];
  readonly message: string;
} {
  const { code, message } = toStoreError(error);
  return { code, message };
}

if (parentPort !== null) start(parentPort, workerData as WorkerSetup);
