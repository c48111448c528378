/** Containers on this host: a small interface in CRI's words, Docker behind it, and a hollow one that only pretends. */
export type { DockerRuntime, DockerRuntimeOptions } from './docker/docker-runtime.ts';
export { createDockerRuntime } from './docker/docker-runtime.ts';
export { loginsIn } from './docker/registry-login.ts';
export type { RuntimeErrorCode } from './errors.ts';
export { isRuntimeError, RuntimeError } from './errors.ts';
export type { HollowControl, HollowProcess, HollowRuntime, HollowRuntimeOptions } from './hollow/hollow-runtime.ts';
export { createHollowRuntime } from './hollow/hollow-runtime.ts';
export { bindMount, MountError, mountsBelow, nfsMount, tmpfsMount, unmount } from './host-mounts.ts';
export { gateProgram } from './image/gate.ts';
export type { ImageReference } from './image/reference.ts';
export { parseImageReference } from './image/reference.ts';
export type { ScratchConfig, ScratchFile, ScratchImage } from './image/scratch-image.ts';
export { buildScratchImage, imageArchitecture } from './image/scratch-image.ts';
export type {
  ContainerConfig,
  ContainerDisk,
  ContainerResources,
  ContainerStats,
  EngineVolume,
  ExecResult,
  HostImage,
  ImageStatus,
  LogRequest,
  Mount,
  PodIdentity,
  ProcessRequest,
  PullOptions,
  RegistryLogin,
  Runtime,
  RuntimeContainer,
  RuntimeEvent,
  RuntimeSession,
  RuntimeVersion,
  Sandbox,
  SandboxConfig,
  SandboxObserver,
  SessionOutput,
  StandAlone,
  StreamRequest,
  TerminalSize,
} from './runtime.ts';
export { NO_SANDBOX, runtimeLimits } from './runtime.ts';
