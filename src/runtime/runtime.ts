/**
 * Containers, in CRI's words. Everything is found again by labels; ids are the engine's.
 * Errors: `RuntimeError` with a code: `ImageNotFound`, `ImagePullDenied`, `ImagePullFailed`, `ContainerNotFound`,
 * `ContainerNameInUse`, `ImageInUse`, `ContainerStartFailed`, `InvalidContainerConfig`, `ExecTimeout`, `EngineUnavailable`
 * (retryable), `EngineTooOld`, `EngineRefused`.
 */

export interface RuntimeVersion {
  /** `docker` or `hollow`. */
  readonly name: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly operatingSystem: string;
  readonly osImage: string;
  readonly kernelVersion: string;
  readonly architecture: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Whether containers can be confined by AppArmor. */
  readonly appArmor: boolean;
  /** The folder of this host that holds images and containers' layers; absent where there is none. */
  readonly dataRoot?: string;
}

/** The pod a sandbox or container belongs to. Kept as labels `io.kubernetes.pod.{name,namespace,uid}`. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface SandboxConfig {
  readonly pod: PodIdentity;
  readonly hostname: string;
  /** Counts the sandboxes of this pod on this node, from 0. */
  readonly attempt: number;
  /** `host`: the node's own network. `pod`: an empty network namespace that the network room fills. */
  readonly network: 'pod' | 'host';
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Free facts to find again after a restart (pod IP, spec hash …). */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Told as the sandbox is made: its containers may be created (not started) while it starts. */
export interface SandboxObserver {
  onCreated(id: string): void;
}

export interface Sandbox {
  readonly id: string;
  readonly pod: PodIdentity;
  readonly attempt: number;
  readonly state: 'ready' | 'notReady';
  /** Host pid of its first process; 0 when not running. */
  readonly pid: number;
  readonly createdAtMs: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A volume that the engine itself keeps, by one of its drivers. */
export interface EngineVolume {
  readonly name: string;
  readonly driver: string;
  /** As the driver takes them. */
  readonly options: Readonly<Record<string, string>>;
}

export interface Mount {
  readonly hostPath: string;
  /** The name of one of the engine's own volumes, instead of `hostPath`: that is `''` then. */
  readonly volume?: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
}

export interface ContainerResources {
  readonly cpuShares?: number;
  readonly cpuQuotaMicros?: number;
  readonly cpuPeriodMicros?: number;
  readonly memoryLimitBytes?: number;
  /** Processes and threads at the same time; without end when absent. */
  readonly pidsLimit?: number;
  /** At least 0: an engine without CAP_SYS_RESOURCE (rootless, nested) cannot start a container with less. */
  readonly oomScoreAdj?: number;
}

/** The sandbox id of a container that has none. */
export const NO_SANDBOX = 'none';

/**
 * A container that needs no sandbox: it has a network namespace and a hostname of its own. Its program does not start
 * before the namespace has a default route, so that it never sees a missing network.
 */
export interface StandAlone {
  readonly hostname: string;
  /** Host path of the gate program (`gateProgram`). */
  readonly gate: string;
  readonly sysctls?: Readonly<Record<string, string>>;
}

export interface ContainerConfig {
  readonly pod: PodIdentity;
  /** `NO_SANDBOX` with `standAlone`. */
  readonly sandboxId: string;
  readonly standAlone?: StandAlone;
  /** The container whose network it joins, where that is no sandbox's. With `NO_SANDBOX`. */
  readonly networkOf?: string;
  /** The container whose processes it sees and is one of, or `host` for the machine's; its own when absent. */
  readonly processesOf?: string;
  /** It shares the machine's memory segments, not its sandbox's. */
  readonly hostIpc?: boolean;
  readonly name: string;
  /** Counts the containers of this name in this pod, from 0; equals the restart count. */
  readonly attempt: number;
  /** An image that is present: as `imageStatus` returned it. */
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  /** In order; later ones win. */
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly mounts: readonly Mount[];
  readonly resources: ContainerResources;
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly readOnlyRootFilesystem?: boolean;
  readonly privileged?: boolean;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly noNewPrivileges?: boolean;
  /** `unconfined`, or the text of a profile; the engine's own profile when absent. */
  readonly seccomp?: string;
  /** `unconfined`, or the name of a profile that the kernel has loaded; the engine's own when absent. */
  readonly appArmor?: string;
  /** Labels as `user:system_u`, `type:container_t` …; the engine's own when absent. */
  readonly seLinux?: readonly string[];
  /** Nothing of `/proc` is hidden or made read-only. */
  readonly unmaskedProc?: boolean;
  readonly tty?: boolean;
  readonly stdin?: boolean;
  /** Its input ends with the first session that had it. */
  readonly stdinOnce?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuntimeContainer {
  readonly id: string;
  readonly pod: PodIdentity;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: 'created' | 'running' | 'exited';
  readonly image: string;
  readonly imageId: string;
  readonly pid: number;
  readonly createdAtMs: number;
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  readonly exitCode?: number;
  readonly oomKilled?: boolean;
  readonly message?: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** `resync`: events may have been missed (the engine restarted, the stream broke); list again. */
export type RuntimeEvent =
  | {
      /** `changed`: more is known of it now. */
      readonly type: 'started' | 'died' | 'removed' | 'changed';
      readonly id: string;
      readonly pod: PodIdentity;
      readonly containerName: string | undefined;
    }
  | { readonly type: 'resync' };

export interface ImageStatus {
  /** How to name it in `ContainerConfig.image`. */
  readonly ref: string;
  readonly id: string;
  /** The image's own user, `''` when root. */
  readonly user: string;
  readonly sizeBytes: number;
}

/** An image of this host, whoever brought it. */
export interface HostImage {
  readonly id: string;
  /** As `parseImageReference` completes them; none for one whose name went to another. */
  readonly tags: readonly string[];
  /** `registry/repository@sha256:…`. */
  readonly digests: readonly string[];
  readonly sizeBytes: number;
}

/** What one container holds of the disk. */
export interface ContainerDisk {
  readonly id: string;
  readonly pod: PodIdentity;
  readonly name: string;
  /** Its own layer. */
  readonly layerBytes: number;
  readonly logBytes: number;
}

export interface ExecResult {
  readonly exitCode: number;
  /** Both outputs together, cut at `runtimeLimits.execOutputBytes`. */
  readonly output: string;
}

export interface TerminalSize {
  /** In characters. */
  readonly width: number;
  readonly height: number;
}

/** Which streams of a process are wanted. With a terminal there is no standard error of its own. */
export interface StreamRequest {
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

export interface ProcessRequest extends StreamRequest {
  readonly command: readonly string[];
}

export interface SessionOutput {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

/** The streams of one process. Neither side is read ahead: who does not read makes the other wait. */
export interface RuntimeSession {
  /** What the process says, for one reader; ends with its outputs. Throws `EngineUnavailable` when the engine is gone. */
  output(): AsyncIterable<SessionOutput>;
  /** When it answers a promise, wait for it before the next piece. After the process has ended it is dropped. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** The process reads to its end what was written, and then the end of the file. */
  endInput(): void;
  /** The newest wins; without a terminal it does nothing. */
  resize(size: TerminalSize): void;
  /** Resolves when the process has ended; undefined for an attached one, and after `close`. */
  exitCode(): Promise<number | undefined>;
  /** Leaves. A command that still runs gets SIGHUP, as if its terminal had gone; an attached process is left alone. */
  close(): void;
}

export interface LogRequest {
  readonly follow?: boolean;
  readonly tailLines?: number;
  readonly sinceMs?: number;
  readonly timestamps?: boolean;
  readonly signal?: AbortSignal;
}

export interface ContainerStats {
  readonly id: string;
  readonly pod: PodIdentity;
  readonly name: string;
  /** When the engine looked. */
  readonly atMs: number;
  /** Nanoseconds of CPU since start. */
  readonly cpuNanos: number;
  /** Without what could be dropped at once. */
  readonly memoryBytes: number;
  readonly processes: number;
}

/** What Docker's API takes as `X-Registry-Auth`. */
export interface RegistryLogin {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly serveraddress: string;
}

export interface PullOptions {
  readonly logins?: readonly RegistryLogin[];
  readonly signal?: AbortSignal;
}

export interface Runtime {
  version(): Promise<RuntimeVersion>;
  /** Creates and starts the sandbox; when that fails, nothing of it is left. */
  runSandbox(config: SandboxConfig, observer?: SandboxObserver): Promise<Sandbox>;
  /** Stops and removes the sandbox; the pod's containers must be stopped before. Absent is success. */
  removeSandbox(id: string): Promise<void>;
  listSandboxes(): Promise<readonly Sandbox[]>;
  createContainer(config: ContainerConfig): Promise<RuntimeContainer>;
  startContainer(id: string): Promise<void>;
  /** The stop signal, then SIGKILL after `graceSeconds`. Resolves when it has exited. Absent is success. */
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  listContainers(): Promise<readonly RuntimeContainer[]>;
  containerStatus(id: string): Promise<RuntimeContainer | undefined>;
  /** Runs a command in a running container; throws code `ExecTimeout` after `timeoutMs`. */
  exec(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult>;
  /** Runs a command in a running container, with streams of its own. */
  openProcess(id: string, request: ProcessRequest): Promise<RuntimeSession>;
  /** Joins a running container's own streams from now on; whether it has a terminal is the container's, not `tty`. */
  attach(id: string, request: StreamRequest): Promise<RuntimeSession>;
  logs(id: string, request: LogRequest): AsyncIterable<Uint8Array>;
  imageStatus(ref: string): Promise<ImageStatus | undefined>;
  /** Pulls with the logins given, each tried in turn; with none, as the host's existing Docker logins say, or as nobody. */
  pullImage(ref: string, options?: PullOptions): Promise<ImageStatus>;
  /** Every image of this host, also those of others. */
  listImages(): Promise<readonly HostImage[]>;
  /** Ids of the images that any container of this host is made of, whoever's and whether it runs or not. */
  usedImages(): Promise<ReadonlySet<string>>;
  /**
   * Takes a name from its image; with the last name the image goes. By its id one that has no name. Absent is success;
   * `ImageInUse` when a container is made of it.
   */
  removeImage(name: string): Promise<void>;
  /** Makes the volume, as ours, unless there is one of its name by the same driver. */
  ensureVolume(volume: EngineVolume): Promise<void>;
  /** Removes a volume that is ours; false where it is another's and stays. Absent is success; in use is `EngineRefused`. */
  removeVolume(name: string): Promise<boolean>;
  stats(): Promise<readonly ContainerStats[]>;
  /** What these containers hold of the disk; without those that are gone. The engine walks their files: ask rarely. */
  diskUsage(containerIds: readonly string[]): Promise<readonly ContainerDisk[]>;
  /** Starts with `resync`. Reconnects by itself, each time with another `resync`. Ends when the signal aborts. */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>;
}

export const runtimeLimits = {
  execOutputBytes: 16_384,
  /** One container's log: Docker's json-file driver with max-size and max-file. */
  logFileBytes: 10 * 1024 * 1024,
  logFiles: 5,
} as const;
