/**
 * Channels of a session. Source: Kubernetes, kubelet/pkg/cri/streaming/remotecommand/websocket.go (v1.32), the same on
 * every wire of ours.
 */
export const CHANNEL = {
  stdin: 0,
  stdout: 1,
  stderr: 2,
  /** How it ended. */
  outcome: 3,
  /** Terminal sizes, as JSON. */
  resize: 4,
} as const;

/** A piece of one channel, or the word that no more comes on it. */
export type ChannelMessage =
  | { readonly channel: number; readonly bytes: Uint8Array }
  | { readonly channel: number; readonly end: true };

/**
 * Numbered channels of bytes over one connection. Neither side is read ahead: a reader that waits makes the sender at
 * the other end wait.
 */
export interface ChannelLink {
  /** Sends a piece. When it answers a promise, wait for it before the next. After the end it is dropped. */
  send(channel: number, bytes: Uint8Array): Promise<void> | undefined;
  /** Says that no more comes on this channel; a wire that has no word for it says nothing. */
  end(channel: number): void;
  /** What comes, for one reader. Ends when the other side leaves; throws `StreamError` when it breaks the protocol. */
  messages(): AsyncIterable<ChannelMessage>;
  /** Sends what was given and leaves. Calling it again does nothing. */
  close(): void;
}
