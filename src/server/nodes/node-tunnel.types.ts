import type { LogOptions } from '#client';

/** The pod whose log is wanted. The uid keeps the log of a pod's namesake from being shown. */
export interface LogTarget {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export type LogStreamOptions = Omit<LogOptions, 'signal'>;

/** One line of a control connection, server to agent. */
export type ControlMessage =
  | { readonly type: 'log'; readonly ticket: string; readonly pod: LogTarget; readonly options: LogStreamOptions }
  | { readonly type: 'cancel'; readonly ticket: string }
  | { readonly type: 'ping' };

/** An agent's call with a ticket: the bytes, or why there are none. */
export interface AgentStream {
  readonly ticket: string;
  readonly error?: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** Breaks the connection off: nobody reads it any more. */
  abort(): void;
}
