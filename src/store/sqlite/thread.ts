import { type Transferable, Worker } from 'node:worker_threads';
import { entryPoint, errorMessage, type Log } from '#base';
import { StoreError } from '../errors.ts';
import type { FromWorker, ToWorker, WireError, WorkerSetup } from './protocol.ts';

interface Call {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: StoreError) => void;
}

/** Calls to one worker of the store, answered in the order asked. */
export interface Thread<Calls extends { readonly [M in keyof Calls]: { request: unknown; answer: unknown } }> {
  /** What the worker found when it opened the file. */
  readonly revision: number;
  call<M extends keyof Calls & string>(
    method: M,
    request: Calls[M]['request'],
    transfer?: readonly Transferable[],
  ): Promise<Calls[M]['answer']>;
  /** Ends the worker after what it is at; open calls fail with `StoreClosed`. */
  end(): Promise<void>;
}

/** Starts a worker and waits until it has opened the file. `onLost` is told once if it ends by itself later. */
export async function startThread<Calls extends { readonly [M in keyof Calls]: { request: unknown; answer: unknown } }>(
  setup: WorkerSetup,
  log: Log,
  onLost: (error: StoreError) => void,
): Promise<Thread<Calls>> {
  const { url, execArgv } = entryPoint(import.meta.url, 'store-worker');
  const worker = new Worker(url, { workerData: setup, execArgv: [...execArgv], name: `store-${setup.role}` });
  const calls = new Map<number, Call>();
  let nextId = 1;
  let lost: StoreError | undefined;
  const fail = (error: StoreError) => {
    if (lost !== undefined) return;
    lost = error;
    for (const { reject } of calls.values()) reject(error);
    calls.clear();
  };

  const revision = await new Promise<number>((resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'ready') resolve(message.revision);
      else if (message.type === 'failed') reject(fromWire(message.error));
      else if (message.type === 'trouble') log.warn({ err: fromWire(message.error) }, 'store maintenance failed');
      else {
        const call = calls.get(message.id);
        calls.delete(message.id);
        if (message.type === 'answer') call?.resolve(message.answer);
        else call?.reject(fromWire(message.error));
      }
    });
    const onEnd = (cause: unknown) => {
      const error = new StoreError(
        'StoreBroken',
        `The store's ${setup.role} thread ended: ${errorMessage(cause)}.`,
        cause,
      );
      reject(error);
      if (lost === undefined) {
        fail(error);
        onLost(error);
      }
    };
    worker.on('error', onEnd);
    worker.on('exit', (code) => onEnd(new Error(`exit code ${code}`)));
  }).catch(async (error: unknown) => {
    lost = new StoreError('StoreClosed', 'The store did not open.');
    await worker.terminate();
    throw error;
  });

  return {
    revision,
    call(method, request, transfer = []) {
      if (lost !== undefined) return Promise.reject(lost);
      const message: ToWorker = { id: nextId, method, request };
      nextId += 1;
      return new Promise((resolve, reject) => {
        calls.set(message.id, { resolve: resolve as Call['resolve'], reject });
        worker.postMessage(message, transfer);
      });
    },
    async end() {
      fail(new StoreError('StoreClosed', 'The store is closed.'));
      await worker.terminate();
    },
  };
}

function fromWire({ code, message }: WireError): StoreError {
  return new StoreError(code, message);
}
