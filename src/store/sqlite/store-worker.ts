/** Entry of the store's worker threads. The first call, `open`, says which of the two this one is. */
import { type MessagePort, parentPort, type Transferable } from 'node:worker_threads';
import { toStoreError } from './database.ts';
import {
  type FromWorker,
  type OpenCall,
  Packer,
  type ReaderCalls,
  type ToWorker,
  type WireError,
  type WriterCalls,
} from './protocol.ts';
import { StoreReader } from './reader.ts';
import { StoreWriter } from './writer.ts';

type Send = (message: FromWorker, transfer?: readonly Transferable[]) => void;
type Handlers<C extends { readonly [M in keyof C]: { readonly request: unknown; readonly answer: unknown } }> = {
  readonly [M in keyof C]: (request: C[M]['request']) => C[M]['answer'];
};

function serve(port: MessagePort): void {
  const send: Send = (message, transfer = []) => port.postMessage(message, transfer);
  const opening: Handlers<OpenCall> = {
    open(setup) {
      if (setup.role === 'reader') {
        handlers = readerHandlers(new StoreReader(setup));
        return { revision: 0 };
      }
      const writer = new StoreWriter(setup);
      handlers = writerHandlers(writer, send);
      return { revision: writer.revision };
    },
  };
  let handlers: object = opening;
  port.on('message', (message: ToWorker) => answer(message, handlers, send));
}

/** Runs one call and sends its answer, whose buffer is handed over, or its error. */
function answer(message: ToWorker, handlers: object, send: Send): void {
  try {
    const handler: unknown = Reflect.get(handlers, message.method);
    if (typeof handler !== 'function') throw new TypeError(`unknown call ${message.method}`);
    const result: unknown = handler(message.request);
    const bytes = typeof result === 'object' && result !== null && 'bytes' in result ? result.bytes : undefined;
    const transfer = bytes instanceof Uint8Array && bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : [];
    send({ type: 'answer', id: message.id, answer: result }, transfer);
  } catch (error) {
    send({ type: 'error', id: message.id, error: wireError(error) });
  }
}

function writerHandlers(writer: StoreWriter, send: Send): Handlers<WriterCalls> {
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
  sweeping = setImmediate(sweep);
  return {
    commit({ commits, bytes }) {
      const previous = new Packer();
      const waiting = commits.map((operations) => ({ operations, bytes }));
      const results = writer.commit(waiting, previous);
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
}

function readerHandlers(reader: StoreReader): Handlers<ReaderCalls> {
  return {
    get: (request) => reader.get(request),
    list: (request) => reader.list(request),
    history: (request) => reader.history(request),
    checkpoint: () => reader.checkpoint(),
    close() {
      reader.close();
      return null;
    },
  };
}

function wireError(error: unknown): WireError {
  const { code, message } = toStoreError(error);
  return { code, message };
}

if (parentPort !== null) serve(parentPort);
