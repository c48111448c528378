import { type Clock, errorMessage, sleep } from '#base';
import type { Runtime } from '#runtime';
import { ask } from '../probes/ask.ts';
import type { ContainerSpec, Pod } from './pod.types.ts';

type Handler = NonNullable<NonNullable<ContainerSpec['lifecycle']>['preStop']>;

export interface HookInput {
  readonly runtime: Pick<Runtime, 'exec'>;
  readonly clock: Clock;
  readonly pod: Pod;
  readonly spec: ContainerSpec;
  readonly containerId: string;
  readonly podIP: string | undefined;
  readonly timeoutMs: number;
  /** The range of the addresses of all pods. */
  readonly clusterCidr: string;
  /** Ends the waiting. A command that runs in the container ends with the container. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a lifecycle hook to its end, or to its deadline. Answers why it failed; undefined when it went well. A request
 * over HTTP goes well with any answer. Source: kubelet lifecycle/handlers.go, runHTTPHandler (v1.32).
 */
export async function runHook(input: HookInput, handler: Handler): Promise<string | undefined> {
  const { clock, timeoutMs, signal } = input;
  try {
    if (handler.sleep) {
      await sleep(clock, Math.min(timeoutMs, handler.sleep.seconds * 1000), signal);
      return undefined;
    }
    const outcome = await ask({ ...input, probe: handler, timeoutMs });
    return outcome.ok || outcome.answered === true ? undefined : outcome.message;
  } catch (error) {
    return errorMessage(error);
  }
}
