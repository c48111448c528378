/** What the store's thread and its two workers say to each other. Values travel in one buffer per message. */
import type { StoreErrorCode } from '../errors.ts';

/** Where a value lies in the buffer of its message. */
export interface Slice {
  readonly offset: number;
  readonly length: number;
}

export interface WireValue extends Slice {
  readonly key: string;
  readonly revision: number;
  readonly createRevision: number;
}

export interface WireOperation extends Slice {
  readonly type: 'put' | 'delete' | 'check';
  readonly key: string;
  readonly ifRevision: number | undefined;
  readonly sealed: boolean;
}

export interface WireError {
  readonly code: StoreErrorCode;
  readonly message: string;
}

export type WireCommitResult =
  | {
      readonly type: 'committed';
      readonly revision: number;
      /** Whether anything was written: whether the commit added a revision. */
      readonly changed: boolean;
      /** What each operation replaced; undefined: nothing. */
      readonly previous: readonly (WireValue | undefined)[];
    }
  | { readonly type: 'conflict'; readonly key: string; readonly current: WireValue | undefined }
  | { readonly type: 'error'; readonly error: WireError };

export interface WireEvent {
  readonly revision: number;
  readonly key: string;
  readonly current: WireValue | undefined;
  readonly previous: WireValue | undefined;
}

/** Calls to the writing thread: request → answer. */
export interface WriterCalls {
  readonly commit: {
    readonly request: { readonly commits: readonly (readonly WireOperation[])[]; readonly bytes: Uint8Array };
    readonly answer: { readonly results: readonly WireCommitResult[]; readonly bytes: Uint8Array };
  };
  readonly compact: { readonly request: { readonly revision: number }; readonly answer: null };
  /** Starts the write-ahead log over; `truncate` also gives its space back. */
  readonly resetLog: { readonly request: { readonly truncate: boolean }; readonly answer: null };
  readonly close: { readonly request: null; readonly answer: null };
}

/** Calls to the reading thread: request → answer. */
export interface ReaderCalls {
  readonly get: {
    readonly request: { readonly key: string };
    readonly answer: { readonly value: WireValue | undefined; readonly revision: number; readonly bytes: Uint8Array };
  };
  readonly list: {
    readonly request: {
      readonly prefix: string;
      readonly after: string | undefined;
      readonly limit: number | undefined;
      readonly revision: number | undefined;
    };
    readonly answer:
      | {
          readonly ok: true;
          readonly items: readonly WireValue[];
          readonly revision: number;
          /** Keys after the last item; counted only when the limit was reached. */
          readonly remaining: number;
          /** The page was full before the limit: ask again after the last item. */
          readonly partial: boolean;
          readonly bytes: Uint8Array;
        }
      | { readonly ok: false; readonly compacted: number }
      | { readonly ok: false; readonly newest: number };
  };
  readonly history: {
    readonly request: { readonly prefix: string; readonly afterRevision: number; readonly throughRevision: number };
    readonly answer:
      | { readonly ok: true; readonly events: readonly WireEvent[]; readonly bytes: Uint8Array }
      | { readonly ok: false; readonly compacted: number };
  };
  /** Moves what it can from the write-ahead log to the file without stopping anybody. */
  readonly checkpoint: { readonly request: null; readonly answer: { readonly walBytes: number } };
  readonly close: { readonly request: null; readonly answer: null };
}

/** How a worker opens the file. */
export interface WorkerSetup {
  readonly role: 'writer' | 'reader';
  readonly path: string;
  /** Revision a new store starts at. */
  readonly startRevision: number;
  /** The file comes from a backup: go on at no less than `startRevision`, and forget history. */
  readonly restored: boolean;
  readonly key: Uint8Array | undefined;
}

/** The first call to a worker: the writer answers with the newest revision, the reader with 0. */
export interface OpenCall {
  readonly open: { readonly request: WorkerSetup; readonly answer: { readonly revision: number } };
}

export type FromWorker =
  /** Work in the background failed; it will be tried again. */
  | { readonly type: 'trouble'; readonly error: WireError }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: WireError };

export interface ToWorker {
  readonly id: number;
  readonly method: string;
  readonly request: unknown;
}

/** Gathers values into one buffer that a message can carry without a copy. */
export class Packer {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  get byteLength(): number {
    return this.#length;
  }

  add(value: Uint8Array): Slice {
    const slice = { offset: this.#length, length: value.byteLength };
    this.#parts.push(value);
    this.#length += value.byteLength;
    return slice;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      all.set(part, offset);
      offset += part.byteLength;
    }
    return all;
  }
}

export function sliceOf(bytes: Uint8Array, { offset, length }: Slice): Uint8Array {
  return bytes.subarray(offset, offset + length);
}
