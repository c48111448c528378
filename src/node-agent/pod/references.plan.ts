import type { ConfigMap, Pod, Secret } from '#api';

/** One ConfigMap or Secret a pod refers to, in its own namespace. */
export interface Reference {
  readonly kind: 'configMap' | 'secret';
  readonly namespace: string;
  readonly name: string;
}

/** `present` with the object, `absent` for certain, or `unknown`: not looked up yet, or the server is out of reach. */
export type ReferenceState =
  | { readonly state: 'present'; readonly object: ConfigMap | Secret }
  | { readonly state: 'absent' }
  | { readonly state: 'unknown' };

/** What a pod's references hold, by `referenceKey`. */
export type References = ReadonlyMap<string, ReferenceState>;

export function referenceKey({ kind, name }: Pick<Reference, 'kind' | 'name'>): string {
  return `${kind}/${name}`;
}

/** Every ConfigMap and Secret that the pod's containers, volumes and pulls need, each once. */
export function referencesOf({ metadata, spec }: Pod): readonly Reference[] {
  const found = new Map<string, Reference>();
  const add = (kind: Reference['kind'], name: string | undefined) => {
    if (name === undefined || name === '') return;
    found.set(referenceKey({ kind, name }), { kind, name, namespace: metadata.namespace ?? '' });
  };
  for (const { env, envFrom } of [
    ...spec.containers,
    ...(spec.initContainers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ]) {
    for (const { valueFrom } of env ?? []) {
      add('configMap', valueFrom?.configMapKeyRef?.name);
      add('secret', valueFrom?.secretKeyRef?.name);
    }
    for (const { configMapRef, secretRef } of envFrom ?? []) {
      add('configMap', configMapRef?.name);
      add('secret', secretRef?.name);
    }
  }
  for (const { configMap, secret, projected } of spec.volumes ?? []) {
    add('configMap', configMap?.name);
    add('secret', secret?.secretName);
    for (const source of projected?.sources ?? []) {
      add('configMap', source.configMap?.name);
      add('secret', source.secret?.name);
    }
  }
  for (const { name } of spec.imagePullSecrets ?? []) add('secret', name);
  return [...found.values()];
}

/** The keys of a ConfigMap or Secret, sorted; undefined when it is not there. */
export function keysOf(references: References, kind: Reference['kind'], name: string): readonly string[] | undefined {
  const found = references.get(referenceKey({ kind, name }));
  if (found?.state !== 'present') return undefined;
  const { data, binaryData } = found.object as ConfigMap;
  return [...Object.keys(data ?? {}), ...(kind === 'configMap' ? Object.keys(binaryData ?? {}) : [])].sort();
}

export function configMapValue(references: References, name: string, key: string): Buffer | undefined {
  const found = references.get(referenceKey({ kind: 'configMap', name }));
  if (found?.state !== 'present') return undefined;
  const { data, binaryData } = found.object as ConfigMap;
  if (data !== undefined && Object.hasOwn(data, key)) return Buffer.from(data[key] ?? '', 'utf8');
  if (binaryData !== undefined && Object.hasOwn(binaryData, key)) return Buffer.from(binaryData[key] ?? '', 'base64');
  return undefined;
}

export function secretValue(references: References, name: string, key: string): Buffer | undefined {
  const found = references.get(referenceKey({ kind: 'secret', name }));
  if (found?.state !== 'present') return undefined;
  const { data } = found.object as Secret;
  return data !== undefined && Object.hasOwn(data, key) ? Buffer.from(data[key] ?? '', 'base64') : undefined;
}
