import type { RuntimeContainer, Sandbox } from '../runtime.ts';
import { fromLabels, type Labels } from './labels.ts';

/** The part of Docker's inspect answer that we read. Source: Docker Engine API v1.41, ContainerInspect. */
export interface DockerInspect {
  readonly Id: string;
  readonly Created: string;
  readonly Image: string;
  readonly Config: { readonly Image: string; readonly Labels?: Labels | null; readonly Tty?: boolean };
  readonly State: {
    readonly Status: string;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
  };
}

/** Longest message of the engine's that is kept, in characters. */
const MAX_MESSAGE = 1024;

export function toSandbox(inspect: DockerInspect): Sandbox | undefined {
  const labels = fromLabels(inspect.Config.Labels ?? {});
  if (labels === undefined || labels.type !== 'sandbox') return undefined;
  const ready = inspect.State.Status === 'running';
  return {
    id: inspect.Id,
    pod: labels.pod,
    attempt: labels.attempt,
    state: ready ? 'ready' : 'notReady',
    pid: ready ? inspect.State.Pid : 0,
    createdAtMs: Date.parse(inspect.Created),
    annotations: labels.annotations,
  };
}

/** `sawOom`: the engine told that memory ran out in it. Its own flag misses that when the end is told first. */
export function toContainer(inspect: DockerInspect, sawOom = false): RuntimeContainer | undefined {
  const labels = fromLabels(inspect.Config.Labels ?? {});
  if (labels === undefined || labels.type !== 'container') return undefined;
  if (labels.containerName === undefined || labels.sandboxId === undefined) return undefined;
  const { State } = inspect;
  const state = containerState(State);
  const startedAtMs = timeOf(State.StartedAt);
  const finishedAtMs = state === 'exited' ? (timeOf(State.FinishedAt) ?? Date.parse(inspect.Created)) : undefined;
  return {
    id: inspect.Id,
    pod: labels.pod,
    sandboxId: labels.sandboxId,
    name: labels.containerName,
    attempt: labels.attempt,
    state,
    image: inspect.Config.Image,
    imageId: inspect.Image,
    pid: state === 'running' ? State.Pid : 0,
    createdAtMs: Date.parse(inspect.Created),
    annotations: labels.annotations,
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    ...(finishedAtMs === undefined ? {} : { finishedAtMs }),
    ...(state === 'exited' ? { exitCode: State.ExitCode, oomKilled: State.OOMKilled || sawOom } : {}),
    ...(State.Error === '' ? {} : { message: State.Error.slice(0, MAX_MESSAGE) }),
  };
}

/** A container that could not be started stays `created`, with an exit code: for us it has ended. */
function containerState(state: DockerInspect['State']): RuntimeContainer['state'] {
  switch (state.Status) {
    case 'created':
      return state.ExitCode !== 0 || state.Error !== '' ? 'exited' : 'created';
    case 'running':
    case 'paused':
    case 'restarting':
      return 'running';
    default:
      return 'exited';
  }
}

/** Docker writes the year 1 for "never". */
function timeOf(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) || ms <= 0 ? undefined : ms;
}
