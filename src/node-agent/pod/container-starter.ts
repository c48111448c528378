import { errorMessage } from '#base';
import {
  type ContainerConfig,
  isRuntimeError,
  NO_SANDBOX,
  type RegistryLogin,
  type RuntimeContainer,
  type Sandbox,
} from '#runtime';
import { buildContainer } from './container-builder.ts';
import { initContainersOf, isEphemeral, sharingOf } from './containers.plan.ts';
import { runHook } from './hooks.ts';
import { ANNOTATION, type ContainerSpec, type PodAction, type StartProblem } from './pod.types.ts';
import type { PodContext } from './pod-context.ts';
import type { PodPlace } from './pod-place.ts';
import { type PodVolumes, REFERENCES_TIMEOUT_MS } from './pod-volumes.ts';
import { planPullLogins, pullSecretsOf } from './pull-secrets.ts';
import { referencesOf } from './references.plan.ts';
import { StartError } from './start-error.ts';

/** How long a start hook may run, in ms; a kubelet waits without end. The end of its pod or its container ends it before. */
const POST_START_TIMEOUT_MS = 3_600_000;
/** Wait before a container that the engine refused is made again, in ms. */
const CREATE_RETRY_MS = 5_000;

interface Where {
  readonly sandbox: { readonly id: string; readonly attempt: number };
  readonly attempt: number;
  readonly nextBackoffMs: number;
  readonly podIP: string | undefined;
}

/** Starts one pod's containers: image, volumes, variables, configuration, network; and knows why one does not start. */
export class ContainerStarter {
  readonly #context: PodContext;
  readonly #place: PodPlace;
  readonly #volumes: PodVolumes;
  readonly #starting = new Set<string>();
  readonly #problems = new Map<string, StartProblem>();
  readonly #prepared = new Map<string, Promise<RuntimeContainer>>();
  /** Ends the waiting for a start hook, by the id of its container. */
  readonly #hooks = new Map<string, AbortController>();
  readonly #onHookFailed: (name: string, containerId: string) => void;

  /** `onHookFailed`: a container that runs is to be stopped, for its start hook failed. */
  constructor(
    context: PodContext,
    place: PodPlace,
    volumes: PodVolumes,
    onHookFailed: (name: string, containerId: string) => void,
  ) {
    this.#onHookFailed = onHookFailed;
    this.#context = context;
    this.#place = place;
    this.#volumes = volumes;
  }

  /** Names of containers that are being started. */
  get starting(): ReadonlySet<string> {
    return this.#starting;
  }

  /** By container name. */
  get problems(): ReadonlyMap<string, StartProblem> {
    return this.#problems;
  }

  /** To be told at each look: nobody waits for the start hook of a container that runs no more. */
  see(): void {
    for (const [id, hook] of this.#hooks) if (!this.#context.deps.view.runs(id)) hook.abort();
  }

  /** What the containers refer to changed: what waited for it is tried at once. */
  referencesChanged(): void {
    const waits = new Set(['CreateContainerConfigError', 'ContainerCreating']);
    if (pullSecretsOf(this.#context.pod).length > 0) waits.add('ErrImagePull');
    for (const [name, { reason }] of this.#problems) if (waits.has(reason)) this.#problems.delete(name);
  }

  /** While the sandbox starts, the first containers are made: they join it by its id, and start when it stands. */
  prepareFirst(sandbox: Where['sandbox'], podIP: string | undefined): void {
    const { pod, deps, uid, isLeaving } = this.#context;
    const told = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
    const ranBefore = told.some(({ containerID }) => containerID !== undefined && containerID !== '');
    if (isLeaving || ranBefore || deps.view.containers(uid).length > 0) return;
    const [firstInit] = initContainersOf(pod);
    for (const spec of firstInit === undefined ? pod.spec.containers : [firstInit]) {
      const made = this.#make(spec, { sandbox, attempt: 0, nextBackoffMs: 0, podIP });
      made.catch(() => undefined); // Whoever starts it hears of it.
      this.#prepared.set(spec.name, made);
    }
  }

  /** What was made for a place that will not stand is removed. */
  dropPrepared(): void {
    for (const [name, prepared] of this.#prepared) {
      this.#prepared.delete(name);
      this.#context.beside(async () => {
        const made = await prepared.catch(() => undefined); // Never made: nothing to remove.
        if (made !== undefined) await this.#context.deps.runtime.removeContainer(made.id);
      });
    }
  }

  start(action: Extract<PodAction, { type: 'startContainer' }>): void {
    const spec = this.#context.specOf(action.name);
    const sandbox = this.#place.sandboxes().find(({ id }) => id === action.sandboxId);
    if (spec === undefined || sandbox === undefined) return;
    this.#starting.add(spec.name);
    const task = async () => {
      try {
        await this.#start(spec, sandbox, action);
        this.#problems.delete(spec.name);
        this.#context.succeeded(spec.name);
      } catch (error) {
        if (!this.#context.leaving.aborted) this.#failed(spec, error);
      }
    };
    this.#context.beside(task, () => this.#starting.delete(spec.name));
  }

  async #start(
    spec: ContainerSpec,
    sandbox: Sandbox,
    { attempt, nextBackoffMs }: Extract<PodAction, { type: 'startContainer' }>,
  ): Promise<void> {
    const { runtime, view } = this.#context.deps;
    const prepared = this.#prepared.get(spec.name);
    this.#prepared.delete(spec.name);
    const podIP = sandbox.annotations[ANNOTATION.podIP];
    const container = await (prepared ?? this.#make(spec, { sandbox, attempt, nextBackoffMs, podIP }));
    const isStale = container.sandboxId !== sandbox.id;
    if (isStale || this.#context.leaving.aborted) {
      await runtime.removeContainer(container.id);
      if (isStale) throw new StartError('ContainerCreating', 'its sandbox was made anew', 0);
      return;
    }
    try {
      await runtime.startContainer(container.id);
      if (sandbox.id === NO_SANDBOX && !isEphemeral(this.#context.pod, spec.name))
        await this.#place.connect(container.id);
      this.#context.tell('Normal', 'Started', `Started container ${spec.name}`, spec);
    } catch (error) {
      if (!isRuntimeError(error, 'ContainerStartFailed')) throw error;
      // It counts as a run that ended at once: the next one waits its turn.
      this.#context.tell('Warning', 'Failed', `Error: ${error.message}`, spec);
    } finally {
      if (view.knowsRun(container.id)) this.#context.kick();
      else await view.refresh(container.id);
    }
    await this.#afterStart(spec, container.id, podIP);
  }

  /** Makes a container with all it needs; nothing runs yet. */
  async #make(spec: ContainerSpec, where: Where): Promise<RuntimeContainer> {
    const { deps, pod } = this.#context;
    const held = referencesOf(pod);
    const known = async () => {
      await this.#volumes.known();
      return await this.#volumes.ready(where.podIP);
    };
    const [image, volumes, services] = await Promise.all([this.#image(spec), known(), deps.services()]);
    const sharing = sharingOf(pod, spec, where.sandbox.id, this.#place.containers());
    if (sharing === undefined)
      throw new StartError('CreateContainerError', 'the container it joins does not run', CREATE_RETRY_MS);
    const alone = isEphemeral(pod, spec.name) ? {} : this.#place.standAlone(where.sandbox.id);
    const config = await buildContainer({
      pod,
      spec,
      image,
      volumes,
      services,
      references: deps.references.read(held),
      node: deps.node,
      folders: deps.folders,
      tell: (type, reason, message) => this.#context.tell(type, reason, message, spec),
      ...where,
      sharing,
      ...alone,
    });
    return await this.#create(spec, config);
  }

  #image(spec: ContainerSpec) {
    return this.#context.deps.images.ensure({
      podUid: this.#context.uid,
      image: spec.image ?? '',
      policy: spec.imagePullPolicy,
      signal: this.#context.leaving,
      logins: () => this.#logins(spec),
      tell: (type, reason, message) => this.#context.tell(type, reason, message, spec),
    });
  }

  async #logins(spec: ContainerSpec): Promise<readonly RegistryLogin[]> {
    const { deps, pod, leaving } = this.#context;
    const secrets = pullSecretsOf(pod);
    await deps.references.settled(secrets, REFERENCES_TIMEOUT_MS, leaving);
    const { logins, unusable } = planPullLogins(spec.image ?? '', secrets, deps.references.read(secrets));
    if (unusable.length > 0) {
      const words = `Unable to retrieve some image pull secrets (${unusable.join(', ')})`;
      this.#context.tell(
        'Warning',
        'FailedToRetrieveImagePullSecret',
        `${words}; attempting to pull the image may not succeed.`,
      );
    }
    return logins;
  }

  async #create(spec: ContainerSpec, config: ContainerConfig): Promise<RuntimeContainer> {
    const { runtime, view } = this.#context.deps;
    try {
      const container = await runtime.createContainer(config);
      this.#context.tell('Normal', 'Created', `Created container: ${spec.name}`, spec);
      return container;
    } catch (error) {
      // An earlier run of ours made it already: look at what is there.
      if (isRuntimeError(error, 'ContainerNameInUse')) await view.relist();
      if (!isRuntimeError(error) || error.code === 'EngineUnavailable') throw error;
      throw new StartError('CreateContainerError', error.message, CREATE_RETRY_MS, error);
    }
  }

  async #afterStart(spec: ContainerSpec, containerId: string, podIP: string | undefined): Promise<void> {
    const handler = spec.lifecycle?.postStart;
    if (!handler) return;
    const { runtime, clock, node } = this.#context.deps;
    const { pod } = this.#context;
    const { clusterCidr } = node;
    const ended = new AbortController();
    const signal = AbortSignal.any([this.#context.leaving, ended.signal]);
    const hook = {
      runtime,
      clock,
      pod,
      spec,
      containerId,
      podIP,
      timeoutMs: POST_START_TIMEOUT_MS,
      clusterCidr,
      signal,
    };
    this.#hooks.set(containerId, ended);
    this.see(); // It may have ended before there was a hook to end.
    const why = await runHook(hook, handler);
    this.#hooks.delete(containerId);
    if (why === undefined || signal.aborted) return;
    this.#context.log.info({ container: spec.name, why }, 'a start hook failed');
    // What the hook said stays out of the event: it may be a secret. Source: kuberuntime_container.go (v1.32).
    this.#context.tell('Warning', 'FailedPostStartHook', 'PostStartHook failed', spec);
    this.#onHookFailed(spec.name, containerId);
  }

  #failed(spec: ContainerSpec, error: unknown): void {
    const nowMs = this.#context.deps.clock.nowMs();
    const { delayMs } = this.#context.failed(spec.name);
    const isOurs = error instanceof StartError;
    const retryAfterMs = isOurs ? error.retryAfterMs : delayMs;
    const reason = isOurs ? error.code : 'ContainerCreating';
    const message = errorMessage(error);
    this.#context.log.info({ err: error, container: spec.name, reason, retryAfterMs }, 'a container cannot start yet');
    const retry = retryAfterMs === undefined ? {} : { retryAtMs: nowMs + retryAfterMs };
    this.#problems.set(spec.name, { reason, message, failedAtMs: nowMs, ...retry });
    if (reason.startsWith('CreateContainer')) this.#context.tell('Warning', 'Failed', `Error: ${message}`, spec);
  }
}
