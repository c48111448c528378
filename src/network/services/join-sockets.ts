import type { Socket } from 'node:net';

/**
 * Carries bytes both ways until both sides are done. Each end's FIN is passed on, so that one side may finish sending and
 * go on reading; anything else that ends one side resets the other. `onClose` hears of each socket once it is closed.
 */
export function joinSockets(client: Socket, target: Socket, onClose: (socket: Socket) => void): void {
  client.pipe(target);
  target.pipe(client);
  const ends = [client, target] as const;
  for (const [index, socket] of ends.entries()) {
    const other = ends[1 - index] ?? client;
    socket.on('error', () => other.resetAndDestroy());
    socket.on('close', () => {
      onClose(socket);
      if (!other.destroyed && !(socket.readableEnded && socket.writableFinished)) other.resetAndDestroy();
    });
  }
}
