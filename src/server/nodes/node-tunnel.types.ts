import type { LogOptions } from '#client';
import type { ChannelLink } from '#streams';

/** The pod whose log or session is wanted. The uid keeps that of a pod's namesake from being shown. */
export interface LogTarget {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export type LogStreamOptions = Omit<LogOptions, 'signal'>;

/** Subresources of a pod that are reached by an upgraded connection only. */
export type SessionSubresource = 'exec' | 'attach' | 'portforward';

/** Which streams of a process are wanted. */
export interface SessionStreams {
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** What an agent answers with channels. */
export type SessionRequest =
  | {
      readonly type: 'exec';
      readonly pod: LogTarget;
      readonly container: string;
      readonly command: readonly string[];
      readonly streams: SessionStreams;
    }
  | { readonly type: 'attach'; readonly pod: LogTarget; readonly container: string; readonly streams: SessionStreams }
  /** A connection to a port of the pod, on this address of its own or on its loopback: channel 0 to it, 1 from it. */
  | { readonly type: 'forward'; readonly pod: LogTarget; readonly port: number; readonly address?: string };

/** One line of a control connection, server to agent. */
export type ControlMessage =
  | { readonly type: 'log'; readonly ticket: string; readonly pod: LogTarget; readonly options: LogStreamOptions }
  | (SessionRequest & { readonly ticket: string })
  | { readonly type: 'stats'; readonly ticket: string }
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

/** An agent's call with a ticket for a session. */
export interface AgentLink {
  readonly ticket: string;
  readonly link: ChannelLink;
}
