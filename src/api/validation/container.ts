/** Rules of containers. Source: kubernetes pkg/apis/core/validation/validation.go, validateContainers (v1.32). */
import type {
  Container,
  ContainerPort,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  HTTPGetAction,
  LifecycleHandler,
  Probe,
  SecurityContext,
  VolumeMount,
} from 'kubernetes-types/core/v1.js';
import {
  checked,
  checkedText,
  exactlyOne,
  type Issues,
  itemsOf,
  type Loose,
  noDuplicates,
  notNegativeNumber,
  oneOf,
  portReference,
  requiredText,
  setFields,
} from './checks.ts';
import { forbidden, invalid, required } from './issues.ts';
import {
  configKey,
  dns1123Label,
  dns1123Subdomain,
  environmentName,
  pathInside,
  portName,
  portNumber,
  qualifiedName,
} from './names.ts';
import { validateResources } from './resources.ts';

export type ContainerRole = 'container' | 'init' | 'ephemeral';

export interface ContainerRules {
  readonly role: ContainerRole;
  readonly hostNetwork: boolean;
  /** Names of the pod's volumes. */
  readonly volumes: ReadonlySet<string>;
  /** Of the pod, in seconds; undefined where it is not known. */
  readonly gracePeriod: number | undefined;
}

export function* validateContainer(container: Loose<Container>, path: string, rules: ContainerRules): Issues {
  yield* requiredText(`${path}.name`, container.name, dns1123Label);
  const { image } = container;
  if (!image) yield required(`${path}.image`);
  else if (image !== image.trim()) {
    yield invalid(`${path}.image`, image, 'must not have leading or trailing whitespace');
  }
  yield* oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never']);
  yield* oneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, [
    'FallbackToLogsOnError',
    'File',
  ]);
  yield* validatePorts(container.ports ?? [], `${path}.ports`, rules);
  yield* itemsOf(`${path}.env`, container.env, validateVariable);
  yield* itemsOf(`${path}.envFrom`, container.envFrom, validateEnvironmentSource);
  yield* validateMounts(container.volumeMounts ?? [], `${path}.volumeMounts`, rules.volumes);
  yield* validateResources(container.resources, `${path}.resources`);
  yield* validateSecurityContext(container.securityContext, `${path}.securityContext`);
  yield* validateLife(container, path, rules);
}

/** Restarts, probes and hooks: what a container may have of them depends on its role. */
function* validateLife(container: Loose<Container>, path: string, { role, gracePeriod }: ContainerRules): Issues {
  const { restartPolicy } = container;
  const isSidecar = role === 'init' && restartPolicy === 'Always';
  if (restartPolicy && role !== 'init') {
    yield forbidden(`${path}.restartPolicy`, 'may not be set for non-init containers');
  } else yield* oneOf(`${path}.restartPolicy`, restartPolicy, ['Always']);
  const parts = setFields(container, ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']);
  if (role === 'init' && !isSidecar) {
    for (const part of parts) {
      yield forbidden(`${path}.${part}`, 'may not be set for init containers without restartPolicy=Always');
    }
    return;
  }
  if (role === 'ephemeral') {
    for (const part of [...parts, ...setFields(container, ['ports', 'resources'])]) {
      if (part !== 'resources' || hasAmounts(container)) {
        yield forbidden(`${path}.${part}`, 'cannot be set for an Ephemeral Container');
      }
    }
    return;
  }
  yield* validateProbe(container.livenessProbe, `${path}.livenessProbe`);
  yield* validateProbe(container.readinessProbe, `${path}.readinessProbe`);
  yield* validateProbe(container.startupProbe, `${path}.startupProbe`);
  const { postStart, preStop } = container.lifecycle ?? {};
  if (postStart !== undefined) yield* validateHook(postStart, `${path}.lifecycle.postStart`, gracePeriod);
  if (preStop !== undefined) yield* validateHook(preStop, `${path}.lifecycle.preStop`, gracePeriod);
}

function hasAmounts({ resources }: Loose<Container>): boolean {
  return Object.keys({ ...resources?.limits, ...resources?.requests }).length > 0;
}

function* validatePorts(ports: readonly Loose<ContainerPort>[], path: string, { hostNetwork }: ContainerRules): Issues {
  for (const [index, port] of ports.entries()) {
    const at = `${path}[${index}]`;
    yield* checkedText(`${at}.name`, port.name, portName);
    if (port.containerPort === undefined || port.containerPort === 0) yield required(`${at}.containerPort`);
    else yield* checked(`${at}.containerPort`, port.containerPort, portNumber);
    if (port.hostPort !== 0) yield* checked(`${at}.hostPort`, port.hostPort, portNumber);
    if (hostNetwork && port.hostPort !== undefined && port.hostPort !== port.containerPort) {
      yield invalid(`${at}.hostPort`, port.hostPort, 'must match `containerPort` when `hostNetwork` is true');
    }
    yield* oneOf(`${at}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']);
  }
  yield* noDuplicates(ports.map(({ name }, index) => ({ path: `${path}[${index}].name`, value: name })));
}

/** What `fieldRef` may name. Source: pkg/apis/core/pods/helpers.go. */
const FIELDS = new Set([
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]);
const VOLUME_FIELDS = new Set([
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]);
const RESOURCE_FIELDS = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const SUBSCRIPT = /^metadata\.(annotations|labels)\['([^']*)'\]$/;

export function* validateFieldRef(
  ref: Loose<{ apiVersion?: string; fieldPath: string }>,
  path: string,
  place: 'environment' | 'volume',
): Issues {
  if (!ref.apiVersion) yield required(`${path}.apiVersion`);
  const { fieldPath } = ref;
  if (!fieldPath) {
    yield required(`${path}.fieldPath`);
    return;
  }
  const subscript = SUBSCRIPT.exec(fieldPath)?.[2];
  if (subscript !== undefined) yield* checked(`${path}.fieldPath`, subscript.toLowerCase(), qualifiedName);
  else if (!(place === 'volume' ? VOLUME_FIELDS : FIELDS).has(fieldPath)) {
    yield invalid(
      `${path}.fieldPath`,
      fieldPath,
      `error converting fieldPath: field label not supported: ${fieldPath}`,
    );
  }
}

export function* validateResourceFieldRef(
  ref: Loose<{ containerName?: string; resource: string }>,
  path: string,
  place: 'environment' | 'volume',
): Issues {
  if (place === 'volume' && !ref.containerName) yield required(`${path}.containerName`);
  const isPages = /^(limits|requests)\.hugepages-/.test(ref.resource ?? '');
  if (!ref.resource) yield required(`${path}.resource`);
  else if (!isPages) yield* oneOf(`${path}.resource`, ref.resource, RESOURCE_FIELDS);
}

function* validateVariable(variable: Loose<EnvVar>, path: string): Issues {
  yield* requiredText(`${path}.name`, variable.name, environmentName);
  const { value, valueFrom } = variable;
  if (valueFrom === undefined) return;
  if (value) yield invalid(`${path}.valueFrom`, '', 'may not be specified when `value` is not empty');
  yield* validateVariableSource(valueFrom, `${path}.valueFrom`);
}

function* validateVariableSource(source: Loose<EnvVarSource>, path: string): Issues {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source;
  const [first, ...more] = setFields(source, ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef']);
  if (first === undefined) {
    yield invalid(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`');
  } else if (more.length > 0) yield invalid(path, '', 'may not have more than one field specified at a time');
  if (fieldRef !== undefined) yield* validateFieldRef(fieldRef, `${path}.fieldRef`, 'environment');
  if (resourceFieldRef !== undefined) {
    yield* validateResourceFieldRef(resourceFieldRef, `${path}.resourceFieldRef`, 'environment');
  }
  for (const [name, ref] of Object.entries({ configMapKeyRef, secretKeyRef })) {
    if (ref === undefined) continue;
    yield* requiredText(`${path}.${name}.name`, ref.name, dns1123Subdomain);
    yield* requiredText(`${path}.${name}.key`, ref.key, configKey);
  }
}

function* validateEnvironmentSource(source: Loose<EnvFromSource>, path: string): Issues {
  yield* checkedText(`${path}.prefix`, source.prefix, environmentName);
  const { configMapRef, secretRef } = source;
  if (configMapRef === undefined && secretRef === undefined) {
    yield invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`');
  } else if (configMapRef !== undefined && secretRef !== undefined) {
    yield invalid(path, '', 'may not have more than one field specified at a time');
  }
  for (const [name, ref] of Object.entries({ configMapRef, secretRef })) {
    if (ref !== undefined) yield* requiredText(`${path}.${name}.name`, ref.name, dns1123Subdomain);
  }
}

function* validateMounts(mounts: readonly Loose<VolumeMount>[], path: string, volumes: ReadonlySet<string>): Issues {
  const mountPaths = new Set<string>();
  for (const [index, mount] of mounts.entries()) {
    const at = `${path}[${index}]`;
    if (!mount.name) yield required(`${at}.name`);
    else if (!volumes.has(mount.name)) {
      yield { reason: 'FieldValueNotFound', path: `${at}.name`, message: `Not found: ${JSON.stringify(mount.name)}` };
    }
    if (!mount.mountPath) yield required(`${at}.mountPath`);
    else if (mountPaths.has(mount.mountPath)) yield invalid(`${at}.mountPath`, mount.mountPath, 'must be unique');
    else mountPaths.add(mount.mountPath);
    yield* checkedText(`${at}.subPath`, mount.subPath, pathInside);
    yield* checkedText(`${at}.subPathExpr`, mount.subPathExpr, pathInside);
    if (mount.subPath && mount.subPathExpr) {
      yield invalid(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive');
    }
    yield* oneOf(`${at}.mountPropagation`, mount.mountPropagation, ['Bidirectional', 'HostToContainer', 'None']);
  }
}

function* validateProbe(probe: Loose<Probe> | undefined, path: string): Issues {
  if (probe === undefined) return;
  yield* validateHandler(probe, path);
  for (const field of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const) {
    yield* notNegativeNumber(`${path}.${field}`, probe[field]);
  }
  const isReadiness = path.endsWith('.readinessProbe');
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && isReadiness) {
    yield invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes');
  } else if (grace !== undefined && grace <= 0) {
    yield invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0');
  }
  const { successThreshold } = probe;
  if (!isReadiness && successThreshold !== undefined && successThreshold !== 0 && successThreshold !== 1) {
    yield invalid(`${path}.successThreshold`, successThreshold, 'must be 1');
  }
}

type Handler = Loose<
  Pick<LifecycleHandler & Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & { sleep?: { seconds: number } }
>;

/** One way to ask or tell a container something. */
function* validateHandler(handler: Handler, path: string): Issues {
  yield* exactlyOne(path, handler, ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'], {
    none: 'must specify a handler type',
    more: 'may not specify more than 1 handler type',
  });
  const { exec, httpGet, tcpSocket, grpc } = handler;
  if (exec !== undefined && (exec.command ?? []).length === 0) yield required(`${path}.exec.command`);
  if (httpGet !== undefined) yield* validateHttpGet(httpGet, `${path}.httpGet`);
  if (tcpSocket !== undefined) yield* portReference(`${path}.tcpSocket.port`, tcpSocket.port);
  if (grpc !== undefined) yield* portReference(`${path}.grpc.port`, grpc.port);
}

/** Of both hooks: a sleep is no longer than the time that the pod has to end. Source: as above, validateSleepAction. */
function* validateHook(handler: Handler, path: string, gracePeriod: number | undefined): Issues {
  yield* validateHandler(handler, path);
  if (handler.sleep === undefined || gracePeriod === undefined) return;
  const seconds = handler.sleep.seconds ?? 0;
  if (seconds > 0 && seconds <= gracePeriod) return;
  const words = `must be greater than 0 and less than terminationGracePeriodSeconds (${gracePeriod})`;
  yield invalid(`${path}.sleep`, seconds, words);
}

function* validateHttpGet(action: Loose<HTTPGetAction>, path: string): Issues {
  if (!action.path) yield required(`${path}.path`);
  yield* portReference(`${path}.port`, action.port);
  yield* oneOf(`${path}.scheme`, action.scheme, ['HTTP', 'HTTPS']);
  yield* itemsOf(`${path}.httpHeaders`, action.httpHeaders, (header, at) =>
    requiredText(`${at}.name`, header.name, (name) =>
      /^[-A-Za-z0-9]+$/.test(name)
        ? undefined
        : "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
    ),
  );
}

const MAX_ID = 2_147_483_647;
const idRule = (id: number) => (id >= 0 && id <= MAX_ID ? undefined : `must be between 0 and ${MAX_ID}, inclusive`);

export function* validateIds(
  context: Loose<{ runAsUser?: number; runAsGroup?: number; fsGroup?: number; supplementalGroups?: number[] }>,
  path: string,
): Issues {
  yield* checked(`${path}.runAsUser`, context.runAsUser, idRule);
  yield* checked(`${path}.runAsGroup`, context.runAsGroup, idRule);
  yield* checked(`${path}.fsGroup`, context.fsGroup, idRule);
  yield* itemsOf(`${path}.supplementalGroups`, context.supplementalGroups, (id, at) => checked(at, id, idRule));
}

function* validateSecurityContext(context: Loose<SecurityContext> | undefined, path: string): Issues {
  if (context === undefined) return;
  const { runAsUser, runAsGroup, privileged, allowPrivilegeEscalation, capabilities } = context;
  yield* validateIds({ runAsUser, runAsGroup }, path);
  yield* oneOf(`${path}.procMount`, context.procMount, ['Default', 'Unmasked']);
  if (allowPrivilegeEscalation !== false) return;
  if (privileged === true) {
    yield invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true');
  }
  if ((capabilities?.add ?? []).some((name) => name === 'SYS_ADMIN' || name === 'CAP_SYS_ADMIN')) {
    yield invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN');
  }
}
