import { type Clock, errorMessage } from '#base';
import { CHANNEL, type ChannelLink } from '#streams';
import { readOutcome } from './outcome.plan.ts';
import { complaint, type PortForwardInput } from './port-forward.ts';
import { IdleWatch } from './relay.ts';

export interface PortChannelsInput extends Pick<PortForwardInput, 'dial' | 'pod' | 'signal'> {
  /** Two channels for each port, in order: its bytes, and what goes wrong. */
  readonly client: ChannelLink;
  readonly ports: readonly number[];
  readonly clock: Clock;
}

/**
 * Carries one connection to each of the ports, as clients ask for that speak channels in a WebSocket instead of SPDY. The
 * client leaving ends them all, and when the last has ended so has the WebSocket: this wire has no word for one of them.
 * Source: kubelet/pkg/cri/streaming/portforward/websocket.go (v1.32).
 */
export async function servePortChannels({ client, ports, dial, pod, clock, signal }: PortChannelsInput): Promise<void> {
  const idle = new IdleWatch(clock, () => client.close());
  const leave = () => client.close();
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  // The first two bytes of every channel tell its port. Source: as above.
  for (const [index, port] of ports.entries()) {
    for (const channel of [2 * index, 2 * index + 1]) void client.send(channel, Uint8Array.of(port & 0xff, port >> 8));
  }
  const links = ports.map((port) => dial(port));
  const carried = ports.map(async (port, index) => {
    const why = await carryOutput(links[index], (bytes) => {
      idle.moved();
      return client.send(2 * index, bytes);
    });
    if (why !== '') void client.send(2 * index + 1, complaint(port, pod, why));
  });
  const closing = Promise.all(carried).then(leave);
  try {
    await carryInput(client, links, () => idle.moved());
  } finally {
    idle.stop();
    signal.removeEventListener('abort', leave);
    for (const link of links) link.then((open) => open.close()).catch(() => undefined); // its refusal was told already
    client.close();
  }
  await closing;
}

/** From the pod to the client; answers what went wrong, '' for nothing. */
async function carryOutput(
  dialled: Promise<ChannelLink> | undefined,
  send: (bytes: Uint8Array) => Promise<void> | undefined,
): Promise<string> {
  try {
    const link = await dialled;
    if (link === undefined) return '';
    let lost = 'the connection to the node broke off';
    for await (const message of link.messages()) {
      if ('end' in message) {
        // The client has no word by which to end its side: it is ended with the pod's.
        if (message.channel === CHANNEL.stdout) link.end(CHANNEL.stdin);
      } else if (message.channel === CHANNEL.stdout) await send(message.bytes);
      else if (message.channel === CHANNEL.outcome) {
        const outcome = readOutcome(message.bytes);
        lost = outcome !== undefined && 'error' in outcome ? outcome.error : '';
      }
    }
    return lost;
  } catch (refused) {
    return errorMessage(refused);
  }
}

/** From the client to the pods, until it leaves. One that does not take its bytes holds up the others: they share a wire. */
async function carryInput(
  client: ChannelLink,
  links: readonly Promise<ChannelLink>[],
  moved: () => void,
): Promise<void> {
  try {
    for await (const message of client.messages()) {
      moved();
      if ('end' in message || message.channel % 2 !== 0) continue;
      const link = await links[message.channel / 2]?.catch(() => undefined);
      await link?.send(CHANNEL.stdin, message.bytes);
    }
  } catch {
    // The client broke the protocol, and was told so as its connection was closed.
  }
}
