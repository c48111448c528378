import type { Pod } from '#api';
import type { RuntimeContainer, Sandbox } from '#runtime';

export type { ContainerStatus, Pod, PodCondition, PodSpec, PodStatus, Probe } from '#api';
export type { ContainerConfig, ContainerResources, Mount, PodIdentity, RuntimeContainer, Sandbox } from '#runtime';
export { NO_SANDBOX } from '#runtime';

/** One container of a pod's spec. */
export type ContainerSpec = Pod['spec']['containers'][number];

/** A container put into a pod that runs, for a person to look around. */
export type EphemeralSpec = ContainerSpec & { readonly targetContainerName?: string };

/** What the probes say of one running container. */
export interface ProbeView {
  /** Its startup probe succeeded, or it has none. */
  readonly started: boolean;
  /** Its readiness probe succeeds, or it has none; never before `started`. */
  readonly ready: boolean;
  /** Set when it must be restarted: which probe failed, and how. */
  readonly failure?: { readonly message: string; readonly graceSeconds?: number };
}

/** Why a container does not run yet, and when it is tried again. */
export interface StartProblem {
  /** `ErrImagePull`, `CreateContainerConfigError` …: Kubernetes' words. */
  readonly reason: string;
  readonly message: string;
  readonly failedAtMs: number;
  /** Absent: it waits for something to change. */
  readonly retryAtMs?: number;
}

/** Why this node ends a pod before its time, or does not take it in. Source: kubelet lifecycle and eviction (v1.32). */
export interface PodVerdict {
  /** `Evicted` …: what the pod's status and its event say. */
  readonly reason: string;
  readonly message: string;
  /** Seconds its containers get to stop, whatever the pod itself asks for. */
  readonly graceSeconds: number;
  /** It never began here: its status tells of no containers. */
  readonly rejected?: boolean;
  /** It goes for the node's sake, not its own: told as the condition `DisruptionTarget`. */
  readonly disrupted?: boolean;
}

/** What the agent is doing right now for this pod, so that it does not begin the same twice. */
export interface PodWork {
  readonly sandbox: boolean;
  /** Names of containers that are being started. */
  readonly starting: ReadonlySet<string>;
  /** Ids of containers that are being stopped, with the time at which they will be killed, of the clock that does not jump. */
  readonly stopping: ReadonlyMap<string, number>;
  /** Ids of containers and sandboxes that are being removed. */
  readonly removing: ReadonlySet<string>;
}

/** Everything the decisions about one pod are made from. */
export interface PodSnapshot {
  readonly pod: Pod;
  /** No longer in the API: nothing is reported any more, everything goes. */
  readonly gone: boolean;
  /** Of this pod, in no order. */
  readonly sandboxes: readonly Sandbox[];
  readonly containers: readonly RuntimeContainer[];
  /** By container id; running containers without an entry have just started. */
  readonly probes: ReadonlyMap<string, ProbeView>;
  /** By container name. */
  readonly problems: ReadonlyMap<string, StartProblem>;
  /** Why the sandbox cannot be made. */
  readonly sandboxProblem?: StartProblem;
  readonly work: PodWork;
  /** Why this node does not run it; set only while nothing of it was ever made. */
  readonly refusal?: { readonly reason: string; readonly message: string };
  /** Set when it is to end here, with this as its end. */
  readonly verdict?: PodVerdict;
  /** The pod's address; absent without a sandbox. */
  readonly podIP?: string;
  readonly hostIP: string;
  /** `docker`, `hollow`: the scheme of container ids in the status. */
  readonly runtimeName: string;
  readonly nowMs: number;
  /** The time of the clock that nobody sets. */
  readonly monotonicMs: number;
  /** Set once the pod is being deleted. */
  readonly grace?: Grace;
}

/** What is granted to a pod that is being deleted. */
export interface Grace {
  readonly seconds: number;
  /** Of the clock that nobody sets. */
  readonly endsAtMs: number;
}

export type PodAction =
  | { readonly type: 'startSandbox'; readonly attempt: number }
  | {
      readonly type: 'stopContainer';
      readonly id: string;
      readonly name: string;
      readonly graceSeconds: number;
      readonly why: string;
      /** Told as the event; `Stopping container …` when absent. */
      readonly event?: string;
      /** Ids of those that must have ended before it gets its signal; its stop hook does not wait for them. */
      readonly after?: readonly string[];
    }
  | { readonly type: 'removeContainer'; readonly id: string }
  | { readonly type: 'removeSandbox'; readonly id: string }
  | {
      readonly type: 'startContainer';
      readonly name: string;
      readonly attempt: number;
      readonly sandboxId: string;
      /** How long the next one waits should this one end. Kept with the container. */
      readonly nextBackoffMs: number;
    };

export interface PodPlan {
  readonly actions: readonly PodAction[];
  /** Everything of the pod is down; only records are left. */
  readonly down: boolean;
  /** Look again then, even if nothing changes. */
  readonly wakeAtMs?: number;
  readonly reason: string;
}

/** Annotations the agent keeps on its containers and sandboxes. */
export const ANNOTATION = {
  specHash: 'spec-hash',
  /** How long the successor waits when this container ends, in ms. */
  backoffMs: 'restart-backoff-ms',
  podIP: 'pod-ip',
  /** The sandbox it lived in, by number. */
  sandboxAttempt: 'sandbox-attempt',
  /** Set for one that was put into a pod that ran. */
  ephemeral: 'ephemeral',
} as const;
