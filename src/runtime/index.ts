/** Containers on this host: a small interface in CRI's words, Docker behind it, and a hollow one that only pretends. */
export type {
  ContainerConfig,
  ContainerResources,
  ContainerStats,
  ExecResult,
  ImageStatus,
  LogRequest,
  Mount,
  PodIdentity,
  Runtime,
  RuntimeContainer,
  RuntimeEvent,
  RuntimeVersion,
  Sandbox,
  SandboxConfig,
} from './runtime.ts';
export { runtimeLimits } from './runtime.ts';
