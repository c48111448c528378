import type { Node } from '#api';
import { plain } from './output.ts';

/** What is wrong with a node's network, and the way out. */
export interface NetworkTrouble {
  /** Without a network no pod is reached; a NodePort that is taken concerns that port only. */
  readonly grave: boolean;
  readonly what: string;
  readonly remedy: string;
}

/** What the node agent says of its node's network; undefined when all is well, or nothing was said yet. */
export function networkTrouble({ metadata, status }: Node): NetworkTrouble | undefined {
  const condition = status?.conditions?.find(({ type }) => type === 'NetworkUnavailable');
  const message = plain(condition?.message ?? '');
  if (condition?.status === 'True')
    return {
      grave: true,
      what: `node ${metadata.name} has no pod network: ${message}`,
      remedy: 'The message tells what is missing.',
    };
  if (condition?.reason === 'NodePortTaken')
    return {
      grave: false,
      what: `node ${metadata.name}: ${message}`,
      remedy: 'A NodePort needs it on loopback: end that program; the port is then taken within 5 s.',
    };
  return undefined;
}

/** Whether the node says that it can run pods. */
export const isReady = ({ status }: Node) =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
