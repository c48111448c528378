import type { KubeObject } from '#api';

/** What every test definition has; `version` is merged into its only version. */
export interface DefinitionParts {
  readonly group?: string;
  readonly plural?: string;
  readonly kind?: string;
  readonly scope?: 'Namespaced' | 'Cluster';
  readonly names?: object;
  readonly schema?: object;
  readonly version?: object;
  /** In place of the one version `v1`. */
  readonly versions?: readonly object[];
  readonly spec?: object;
  readonly metadata?: object;
}

/** A schema whose `spec` has these properties, with a `status` that keeps everything. */
export function schemaOfSpec(properties: object, more: object = {}): object {
  return {
    type: 'object',
    properties: {
      spec: { type: 'object', properties, ...more },
      status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  };
}

/** A version as it stands in `spec.versions`: served and stored unless told otherwise. */
export function versionOf(name: string, schema: object, more: object = {}): object {
  return { name, served: true, storage: true, schema: { openAPIV3Schema: schema }, ...more };
}

export const CRON_SCHEMA = schemaOfSpec({
  cronSpec: { type: 'string', pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' },
  image: { type: 'string' },
  replicas: { type: 'integer', minimum: 1, maximum: 10, default: 1 },
});

/** `crontabs.stable.example.com`, or what the parts make of it. */
export function definitionObject(parts: DefinitionParts = {}): KubeObject {
  const { group = 'stable.example.com', plural = 'crontabs', kind = 'CronTab', scope = 'Namespaced' } = parts;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, ...parts.metadata },
    spec: {
      group,
      scope,
      names: { plural, kind, ...parts.names },
      versions: parts.versions ?? [versionOf('v1', parts.schema ?? CRON_SCHEMA, parts.version)],
      ...parts.spec,
    },
  };
}
