import { type QuantityLike, quantityToBytes, quantityToMillis } from '#api';
import { allContainersOf } from './containers.plan.ts';
import { expand } from './expand.plan.ts';
import type { ContainerSpec, Pod } from './pod.types.ts';
import { configMapValue, keysOf, type References, secretValue } from './references.plan.ts';

export interface EnvInput {
  readonly pod: Pod;
  readonly spec: ContainerSpec;
  readonly references: References;
  readonly podIP: string | undefined;
  readonly hostIP: string;
  /** What a container without limits may use. */
  readonly node: { readonly cpuMillis: number; readonly memoryBytes: number };
  /** Variables about Services; what the spec sets wins over them. */
  readonly services: ReadonlyMap<string, string>;
}

export interface EnvPlan {
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly command: readonly string[] | undefined;
  readonly args: readonly string[] | undefined;
  /** Of each source, which keys are no names and were left out. */
  readonly skipped: readonly string[];
  /** Why the container cannot be made: what a variable refers to is not there. */
  readonly error?: string;
}

/** Longest value of a variable and of all together, in characters: the kernel refuses more. Source: execve(2). */
const MAX_ENV = 1024 * 1024;

/**
 * Variables, command and arguments of a container, with `$(NAME)` replaced.
 * Source: kubelet_pods.go makeEnvironmentVariables, and container/helpers.go ExpandContainerCommandOnlyStatic (v1.32).
 */
export function planEnv(input: EnvInput): EnvPlan {
  const { spec, services, pod } = input;
  const env = new Map<string, string>();
  const errors: string[] = [];
  const skipped: string[] = [];
  const lookUp = (name: string) => env.get(name) ?? services.get(name);

  for (const source of spec.envFrom ?? []) {
    const kind = source.configMapRef === undefined ? 'secret' : 'configMap';
    const ref = source.configMapRef ?? source.secretRef;
    if (ref?.name === undefined) continue;
    const keys = keysOf(input.references, kind, ref.name);
    if (keys === undefined) {
      if (ref.optional !== true) errors.push(notFound(kind, ref.name));
      continue;
    }
    const invalid: string[] = [];
    for (const key of keys) {
      const name = (source.prefix ?? '') + key;
      const value = kind === 'secret' ? secretText(input, ref.name, key) : configMapText(input, ref.name, key);
      if (!isEnvName(name)) invalid.push(name);
      else if (value !== undefined) env.set(name, value);
    }
    if (invalid.length > 0) {
      const where = `${kind} ${pod.metadata.namespace ?? ''}/${ref.name}`;
      skipped.push(
        `Keys [${invalid.sort().join(', ')}] from the EnvFrom ${where} were skipped since they are considered invalid environment variable names.`,
      );
    }
  }
  for (const variable of spec.env ?? []) {
    if (variable.valueFrom === undefined || variable.valueFrom === null) {
      env.set(variable.name, expand(variable.value ?? '', lookUp));
      continue;
    }
    const value = valueFrom(input, variable.valueFrom);
    if (value.error !== undefined) errors.push(value.error);
    else if (value.text !== undefined) env.set(variable.name, value.text);
  }
  for (const [name, value] of services) if (!env.has(name)) env.set(name, value);

  const size = [...env].reduce((sum, [name, value]) => sum + name.length + value.length + 2, 0);
  if (size > MAX_ENV) errors.push(`the environment is ${size} bytes long, at most ${MAX_ENV} can be passed on`);
  const [error] = errors;
  return {
    env: [...env],
    command: spec.command?.map((word) => expand(word, (name) => env.get(name))),
    args: spec.args?.map((word) => expand(word, (name) => env.get(name))),
    skipped,
    ...(error === undefined ? {} : { error }),
  };
}

/** With the feature RelaxedEnvironmentVariableValidation, on in v1.32. Source: apimachinery validation.go, IsRelaxedEnvVarName. */
function isEnvName(name: string): boolean {
  return /^[\x20-\x3c\x3e-\x7e]+$/.test(name);
}

type Source = NonNullable<NonNullable<ContainerSpec['env']>[number]['valueFrom']>;

/** A value, or why there is none; neither when it is optional and missing. */
interface Found {
  readonly text?: string;
  readonly error?: string;
}

function valueFrom(input: EnvInput, source: Source): Found {
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = source;
  if (configMapKeyRef) {
    return keyed(
      input,
      'configMap',
      configMapKeyRef,
      configMapText(input, configMapKeyRef.name ?? '', configMapKeyRef.key),
    );
  }
  if (secretKeyRef) {
    return keyed(input, 'secret', secretKeyRef, secretText(input, secretKeyRef.name ?? '', secretKeyRef.key));
  }
  if (fieldRef) return orError(fieldValue(input, fieldRef.fieldPath), `unsupported fieldPath: ${fieldRef.fieldPath}`);
  if (resourceFieldRef) {
    const { containerName } = resourceFieldRef;
    const isOwn = containerName === undefined || containerName === '';
    const spec = isOwn ? input.spec : allContainersOf(input.pod).find(({ name }) => name === containerName);
    if (spec === undefined) return { error: `container ${containerName} not found` };
    const value = resourceValue({ ...input, spec }, resourceFieldRef);
    return orError(value, `unsupported resource: ${resourceFieldRef.resource}`);
  }
  return {};
}

function orError(text: string | undefined, error: string): Found {
  return text === undefined ? { error } : { text };
}

interface KeyRef {
  readonly name?: string | undefined;
  readonly key: string;
  readonly optional?: boolean | undefined;
}

function keyed(
  { pod, references }: EnvInput,
  kind: 'configMap' | 'secret',
  ref: KeyRef,
  text: string | undefined,
): Found {
  if (text !== undefined) return { text };
  if (ref.optional === true) return {};
  const name = ref.name ?? '';
  if (keysOf(references, kind, name) === undefined) return { error: notFound(kind, name) };
  const where = `${pod.metadata.namespace ?? ''}/${name}`;
  return { error: `couldn't find key ${ref.key} in ${kind === 'secret' ? 'Secret' : 'ConfigMap'} ${where}` };
}

function notFound(kind: 'configMap' | 'secret', name: string): string {
  return `${kind.toLowerCase()} "${name}" not found`;
}

function configMapText({ references }: EnvInput, name: string, key: string): string | undefined {
  return configMapValue(references, name, key)?.toString('utf8');
}

function secretText({ references }: EnvInput, name: string, key: string): string | undefined {
  return secretValue(references, name, key)?.toString('utf8');
}

/** What a pod may learn about itself. Source: core/v1 EnvVarSource.fieldRef and fieldpath.go (v1.32). */
export function fieldValue(
  { pod, podIP, hostIP }: Pick<EnvInput, 'pod' | 'podIP' | 'hostIP'>,
  path: string,
): string | undefined {
  const { metadata, spec } = pod;
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/s.exec(path);
  if (subscript !== null) {
    const map = subscript[1] === 'labels' ? metadata.labels : metadata.annotations;
    return map?.[subscript[2] ?? ''] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid;
    case 'metadata.labels':
      return formatMap(metadata.labels);
    case 'metadata.annotations':
      return formatMap(metadata.annotations);
    case 'spec.nodeName':
      return spec.nodeName ?? '';
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? 'default';
    case 'status.hostIP':
    case 'status.hostIPs':
      return hostIP;
    case 'status.podIP':
    case 'status.podIPs':
      return podIP ?? '';
    default:
      return undefined;
  }
}

/** Lines of `key="value"`, sorted. Source: fieldpath.go, FormatMap (v1.32). */
function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  const lines = Object.entries(map ?? {}).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return lines.sort().join('\n');
}

export interface ResourceRef {
  readonly resource: string;
  readonly divisor?: QuantityLike | undefined;
}

/** A container's own request or limit as a number; without a limit, what the node has. Source: resource/helpers.go. */
export function resourceValue(
  { spec, node }: Pick<EnvInput, 'spec' | 'node'>,
  { resource, divisor }: ResourceRef,
): string | undefined {
  const match = /^(requests|limits)\.(cpu|memory|ephemeral-storage)$/.exec(resource);
  if (match === null) return undefined;
  const [, list, name = ''] = match;
  const set = list === 'limits' ? spec.resources?.limits?.[name] : spec.resources?.requests?.[name];
  const unit = divisor === undefined || quantityToMillis(divisor) === 0 ? '1' : divisor;
  if (name === 'cpu') {
    const millis = set === undefined ? (list === 'limits' ? node.cpuMillis : 0) : quantityToMillis(set);
    return String(Math.ceil(millis / quantityToMillis(unit)));
  }
  const whole = name === 'memory' ? node.memoryBytes : 0;
  const bytes = set === undefined ? (list === 'limits' ? whole : 0) : quantityToBytes(set);
  return String(Math.ceil(bytes / Math.max(1, quantityToBytes(unit))));
}
