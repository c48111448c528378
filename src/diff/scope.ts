import { groupOf, isRecord, type KubeObject } from '#api';

/** Annotations that say where an object came from or how it was written, not what it should be. */
const SOURCE = 'plumbline.dev/source';
const BOOKKEEPING = new Set(['kubectl.kubernetes.io/last-applied-configuration', SOURCE]);
/** Notes of kubectl's commands, such as `restartedAt`: a restart is an action, and healing it would restart again. */
const COMMAND_NOTES = 'kubectl.kubernetes.io/';

/** Fields that the server or its controllers fill in, even when a person's write made them. By group and kind. */
const SERVER_FILLED: Readonly<Record<string, readonly string[]>> = {
  '/Service': ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'healthCheckNodePort', 'nodePort'],
  '/Pod': ['nodeName', 'serviceAccount', 'serviceAccountName', 'tolerations'],
  '/Node': ['podCIDR', 'podCIDRs', 'providerID', 'taints', 'unschedulable'],
  '/Namespace': ['finalizers'],
  '/PersistentVolumeClaim': ['volumeName', 'storageClassName'],
};

/**
 * The part of an object that Git and the cluster share: labels, annotations, finalizers and the content. Identity,
 * status and a request to sync (`operation`) belong to the cluster alone.
 */
export function sharedPart(object: KubeObject): Record<string, unknown> {
  const { labels, annotations, finalizers } = object.metadata;
  const metadata = {
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations: withoutBookkeeping(annotations) }),
    ...(finalizers === undefined ? {} : { finalizers }),
  };
  return { metadata, ...contentPart(object) };
}

/** The content alone: what people add to it is drift. A label or note of theirs on the object itself is not. */
export function contentPart(object: KubeObject): Record<string, unknown> {
  const {
    apiVersion: _apiVersion,
    kind: _kind,
    metadata: _metadata,
    status: _status,
    operation: _operation,
    ...content
  } = object;
  return content;
}

/** Whether a field that a person's manager owns is a person's decision at all. `path` ends with the field. */
export function isPersonsField(object: KubeObject, path: readonly unknown[]): boolean {
  const last = path.at(-1);
  if (path.at(-2) === 'annotations' && typeof last === 'string') return !last.startsWith(COMMAND_NOTES);
  if (path.length === 2 && path[0] === 'spec' && last === 'replicas') {
    // Git that leaves out the number of replicas leaves it to whoever scales.
    return false;
  }
  return !isServerFilled(object, path);
}

/** Whether the server gives the field a value where Git leaves it out or empty. `path` ends with the field. */
export function isServerFilled({ apiVersion, kind }: KubeObject, path: readonly unknown[]): boolean {
  return path[0] === 'spec' && SERVER_FILLED[`${groupOf(apiVersion)}/${kind}`]?.includes(String(path.at(-1))) === true;
}

function withoutBookkeeping(annotations: unknown): Record<string, unknown> {
  if (!isRecord(annotations)) return {};
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !BOOKKEEPING.has(key)));
}

/** An object without the note of where in Git it came from. */
export function sourceless(object: KubeObject): KubeObject {
  const { annotations, ...metadata } = object.metadata;
  if (annotations === undefined || !Object.hasOwn(annotations, SOURCE)) return object;
  const { [SOURCE]: _source, ...rest } = annotations;
  return { ...object, metadata: Object.keys(rest).length === 0 ? metadata : { ...metadata, annotations: rest } };
}
