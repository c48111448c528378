import type { Duplex } from 'node:stream';
import { CHANNEL, type ChannelLink } from '#streams';

export interface ForwardInput {
  /** To the pod; each side of it ends by itself. */
  readonly connection: Duplex;
  readonly link: ChannelLink;
  /** Ends it: it was called off, or the agent leaves. */
  readonly signal: AbortSignal;
}

/** Carries one connection between the server and a pod until both sides have ended, or either breaks off. */
export async function runForward({ connection, link, signal }: ForwardInput): Promise<void> {
  const leave = () => {
    connection.destroy();
    link.close();
  };
  connection.on('error', leave);
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  let onSent: () => void = () => undefined;
  const sent = new Promise<void>((resolve) => {
    onSent = resolve;
  });
  const input = send(link, connection, onSent);
  try {
    for await (const bytes of connection.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      await link.send(CHANNEL.stdout, bytes);
    }
    link.end(CHANNEL.stdout);
    await sent;
    void link.send(CHANNEL.outcome, Buffer.from('{"exitCode":0}'));
  } catch {
    // The pod broke it off: the other side sees it end without a word.
  } finally {
    signal.removeEventListener('abort', leave);
    link.close();
    connection.destroy();
  }
  await input;
}

/** From the server to the pod. `onEnd`: nothing more comes, by its own word or because it left. */
async function send(link: ChannelLink, connection: Duplex, onEnd: () => void): Promise<void> {
  let ended = false;
  try {
    for await (const message of link.messages()) {
      if (message.channel !== CHANNEL.stdin) continue;
      if ('bytes' in message) await written(connection, message.bytes);
      else {
        ended = true;
        connection.end();
        onEnd();
      }
    }
  } finally {
    if (!ended) connection.destroy();
    onEnd();
  }
}

/** Resolves when the pod can take more. */
async function written(connection: Duplex, bytes: Uint8Array): Promise<void> {
  if (connection.destroyed || connection.writableEnded || connection.write(bytes)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      connection.off('drain', done).off('close', done);
      resolve();
    };
    connection.on('drain', done).on('close', done);
  });
}
