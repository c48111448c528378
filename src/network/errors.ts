import { PlumblineError } from '#base';

export type NetworkErrorCode =
  /** This host cannot carry pod networks: a right, a tool or a kernel part is missing. The message says the remedy. */
  | 'NetworkUnsupported'
  /** A command of the host (ip, nft, iptables …) failed; the message holds what it said. */
  | 'NetworkCommandFailed'
  /** The process whose namespace was to get an interface is gone, or is not the one that was meant. */
  | 'SandboxGone'
  /** An address or range that cannot be used. */
  | 'NetworkAddress'
  /** Another installation has the pod network of this host, or another agent of this one. The message names it and the way out. */
  | 'NetworkHeld'
  /** Nothing answers on a port of a pod, or the pod is gone. */
  | 'PodPortUnreachable'
  | 'NetworkClosed';

const RETRYABLE: ReadonlySet<NetworkErrorCode> = new Set(['NetworkCommandFailed', 'SandboxGone']);

export class NetworkError extends PlumblineError {
  declare readonly code: NetworkErrorCode;

  constructor(code: NetworkErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: RETRYABLE.has(code), ...(cause === undefined ? {} : { cause }) });
  }
}
