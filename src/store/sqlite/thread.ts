import { type Transferable, Worker } from 'node:worker_threads';
import { type EntryPoint, errorMessage } from '#base';
import { StoreError } from '../errors.ts';
import type { FromWorker, OpenCall, ToWorker, WireError } from './protocol.ts';

type CallTable<Calls> = { readonly [M in keyof Calls]: { readonly request: unknown; readonly answer: unknown } };

interface OpenEnd {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: StoreError) => void;
}

/** Calls to one worker of the store, carried out and answered in the order asked. */
export interface Thread<Calls extends CallTable<Calls>> {
  call<M extends keyof (Calls & OpenCall) & string>(
    method: M,
    request: (Calls & OpenCall)[M]['request'],
    transfer?: readonly Transferable[],
  ): Promise<(Calls & OpenCall)[M]['answer']>;
  /** Ends the worker; open calls fail with `StoreClosed`. */
  end(): Promise<void>;
}

export interface ThreadEvents {
  /** The worker is gone though nobody ended it. */
  onLost(error: StoreError): void;
  /** Work in the background failed and will be tried again. */
  onTrouble(error: StoreError): void;
}

export function startThread<Calls extends CallTable<Calls>>(
  name: string,
  { url, execArgv }: EntryPoint,
  events: ThreadEvents,
): Thread<Calls> {
  const worker = new Worker(url, { execArgv: [...execArgv], name: `store-${name}` });
  const open = new Map<number, OpenEnd>();
  let nextId = 1;
  let over: StoreError | undefined;
  const finish = (error: StoreError) => {
    over = error;
    for (const { reject } of open.values()) reject(error);
    open.clear();
  };
  const onEnd = (cause: unknown) => {
    if (over !== undefined) return;
    finish(new StoreError('StoreBroken', `The store's ${name} thread ended: ${errorMessage(cause)}.`, cause));
    if (over !== undefined) events.onLost(over);
  };
  worker.on('error', onEnd);
  worker.on('exit', (code) => onEnd(new Error(`exit code ${code}`)));
  worker.on('message', (message: FromWorker) => {
    if (message.type === 'trouble') {
      events.onTrouble(fromWire(message.error));
      return;
    }
    const call = open.get(message.id);
    open.delete(message.id);
    if (message.type === 'answer') call?.resolve(message.answer);
    else call?.reject(fromWire(message.error));
  });

  return {
    call(method, request, transfer = []) {
      if (over !== undefined) return Promise.reject(over);
      const message: ToWorker = { id: nextId, method, request };
      nextId += 1;
      return new Promise((resolve, reject) => {
        open.set(message.id, { resolve: resolve as OpenEnd['resolve'], reject });
        worker.postMessage(message, transfer);
      });
    },
    async end() {
      if (over === undefined) finish(new StoreError('StoreClosed', 'The store is closed.'));
      await worker.terminate();
    },
  };
}

function fromWire({ code, message }: WireError): StoreError {
  return new StoreError(code, message);
}
