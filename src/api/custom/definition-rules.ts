/**
 * Rules of CustomResourceDefinitions.
 * Source: apiextensions-apiserver pkg/apis/apiextensions/validation/validation.go (v0.32), behaviour and words only.
 */
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionVersion,
} from 'kubernetes-types/apiextensions/v1.js';
import type { CustomResourceDefinition } from '../kinds/types.ts';
import { checked, type Issues, itemsOf, type Loose, requiredOneOf, requiredText } from '../validation/checks.ts';
import { duplicate, forbidden, invalid, required, tooMany } from '../validation/issues.ts';
import { dns1035Label, dns1123Subdomain, type Rule } from '../validation/names.ts';
import { parseJsonPath } from './json-path.ts';
import { schemaIssues } from './structural-rules.ts';

/** Versions of one definition. Well-known definitions have at most six. */
const MAX_VERSIONS = 32;
/** Source: validation.go, MaxSelectableFields. */
const MAX_SELECTABLE_FIELDS = 8;
const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
/** Groups of the Kubernetes community are reviewed: a definition names its review. */
const APPROVED = 'api-approved.kubernetes.io';

export function* validateDefinition({ metadata, spec = {} }: Loose<CustomResourceDefinition>): Issues {
  const { group, scope, names = {}, versions = [] } = spec;
  const wanted = `${names.plural ?? ''}.${group ?? ''}`;
  if (metadata?.name && metadata.name !== wanted) {
    yield invalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group');
  }
  yield* requiredText('spec.group', group, groupName);
  yield* requiredOneOf('spec.scope', scope, ['Cluster', 'Namespaced']);
  yield* validateNames(names, 'spec.names');
  yield* validateVersions(versions as readonly CustomResourceDefinitionVersion[]);
  if (spec.preserveUnknownFields === true) {
    yield invalid(
      'spec.preserveUnknownFields',
      true,
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    );
  }
  const { conversion } = spec;
  yield* requiredOneOf('spec.conversion.strategy', conversion?.strategy, ['None', 'Webhook']);
  if (conversion?.strategy === 'None' && conversion.webhook !== undefined) {
    yield forbidden('spec.conversion.webhook', 'should not be set when strategy is not set to Webhook');
  }
  if (conversion?.strategy === 'Webhook' && conversion.webhook?.clientConfig === undefined) {
    yield required('spec.conversion.webhook.clientConfig', 'required when strategy is set to Webhook');
  }
  yield* validateApproval(group ?? '', metadata?.annotations ?? {});
}

export function* validateDefinitionUpdate(
  { spec }: Loose<CustomResourceDefinition>,
  { spec: old, status }: Loose<CustomResourceDefinition>,
): Issues {
  const fixed = [
    ['spec.group', spec?.group, old?.group],
    ['spec.names.plural', spec?.names?.plural, old?.names?.plural],
  ] as const;
  for (const [path, now, before] of fixed) if (now !== before) yield invalid(path, now, 'field is immutable');
  const isEstablished = (status?.conditions ?? []).some(
    ({ type, status: said }) => type === 'Established' && said === 'True',
  );
  if (isEstablished) {
    if (spec?.scope !== old?.scope) yield invalid('spec.scope', spec?.scope, 'field is immutable');
    if (spec?.names?.kind !== old?.names?.kind)
      yield invalid('spec.names.kind', spec?.names?.kind, 'field is immutable');
  }
  const stored = status?.storedVersions ?? [];
  for (const [index, name] of stored.entries()) {
    if ((spec?.versions ?? []).some((version) => version.name === name)) continue;
    yield invalid(
      `status.storedVersions[${index}]`,
      name,
      `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
    );
  }
}

export function* validateDefinitionStatus({ spec, status }: Loose<CustomResourceDefinition>): Issues {
  const stored = status?.storedVersions;
  if (stored === undefined) return;
  const storage = (spec?.versions ?? []).find((version) => version.storage === true)?.name;
  if (stored.length === 0) yield invalid('status.storedVersions', [], 'must have at least one stored version');
  else if (storage !== undefined && !stored.includes(storage)) {
    yield invalid('status.storedVersions', stored, `must have the storage version ${storage}`);
  }
  for (const [index, name] of stored.entries()) {
    if (!(spec?.versions ?? []).some((version) => version.name === name)) {
      yield invalid(`status.storedVersions[${index}]`, name, 'must appear in spec.versions');
    }
  }
}

const groupName: Rule = (group) => {
  if (!group.includes('.')) return 'should be a domain with at least one dot';
  return dns1123Subdomain(group);
};

const kindName: Rule = (kind) => {
  const problem = dns1035Label(kind.toLowerCase());
  return problem === undefined ? undefined : `may have mixed case, but should otherwise match: ${problem}`;
};

function* validateNames(names: Loose<CustomResourceDefinitionNames>, path: string): Issues {
  yield* requiredText(`${path}.plural`, names.plural, dns1035Label);
  yield* checked(`${path}.singular`, names.singular || undefined, dns1035Label);
  yield* requiredText(`${path}.kind`, names.kind, kindName);
  yield* requiredText(`${path}.listKind`, names.listKind, kindName);
  if (names.kind && names.kind === names.listKind) {
    yield invalid(`${path}.listKind`, names.listKind, 'kind and listKind may not be the same');
  }
  for (const field of ['shortNames', 'categories'] as const) {
    yield* itemsOf(`${path}.${field}`, names[field], (name, at) => checked(at, name, dns1035Label));
  }
}

function* validateVersions(versions: readonly CustomResourceDefinitionVersion[]): Issues {
  const path = 'spec.versions';
  if (versions.length === 0) {
    yield invalid(path, [], 'must have exactly one version marked as storage version');
    return;
  }
  if (versions.length > MAX_VERSIONS) {
    yield tooMany(path, versions.length, MAX_VERSIONS);
    return;
  }
  const seen = new Set<string>();
  for (const [index, version] of versions.entries()) {
    const at = `${path}[${index}]`;
    if (seen.has(version.name)) yield duplicate(`${at}.name`, version.name);
    seen.add(version.name);
    yield* validateVersion(version, at);
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    yield invalid(
      path,
      versions.map(({ name }) => name),
      'must have exactly one version marked as storage version',
    );
  }
}

function* validateVersion(version: CustomResourceDefinitionVersion, at: string): Issues {
  yield* requiredText(`${at}.name`, version.name, dns1035Label);
  if (version.deprecationWarning !== undefined && version.deprecated !== true) {
    yield invalid(`${at}.deprecationWarning`, version.deprecationWarning, 'can only be set for deprecated versions');
  }
  const schema = version.schema?.openAPIV3Schema;
  if (schema === undefined) yield required(`${at}.schema.openAPIV3Schema`, 'schemas are required');
  else yield* schemaIssues(schema, `${at}.schema.openAPIV3Schema`);
  yield* itemsOf(`${at}.additionalPrinterColumns`, version.additionalPrinterColumns, validateColumn);
  const { scale } = version.subresources ?? {};
  if (scale !== undefined) yield* validateScale(scale, `${at}.subresources.scale`);
  const fields = version.selectableFields ?? [];
  if (fields.length > MAX_SELECTABLE_FIELDS) {
    yield tooMany(`${at}.selectableFields`, fields.length, MAX_SELECTABLE_FIELDS);
  }
  yield* itemsOf(`${at}.selectableFields`, fields, function* ({ jsonPath }, field): Issues {
    if (parseJsonPath(jsonPath)?.fields === undefined) {
      yield invalid(`${field}.jsonPath`, jsonPath, 'is an invalid path: must name a field');
    }
  });
}

function* validateColumn(column: CustomResourceColumnDefinition, at: string): Issues {
  yield* requiredText(`${at}.name`, column.name);
  yield* requiredOneOf(`${at}.type`, column.type, COLUMN_TYPES);
  if (column.format && !COLUMN_FORMATS.includes(column.format)) {
    yield invalid(`${at}.format`, column.format, `must be one of ${COLUMN_FORMATS.join(',')}`);
  }
  if (!column.jsonPath) yield required(`${at}.jsonPath`);
  else if (parseJsonPath(column.jsonPath) === undefined) {
    yield invalid(`${at}.jsonPath`, column.jsonPath, 'cannot be read as a JSON path');
  }
}

const SCALE_PATHS = [
  ['specReplicasPath', '.spec.', true],
  ['statusReplicasPath', '.status.', true],
  ['labelSelectorPath', '', false],
] as const;

function* validateScale(scale: Readonly<Record<string, string | undefined>> | object, at: string): Issues {
  const paths = scale as Readonly<Record<string, string | undefined>>;
  for (const [field, start, isRequired] of SCALE_PATHS) {
    const path = paths[field];
    if (path === undefined || path === '') {
      if (isRequired) yield required(`${at}.${field}`);
    } else if (parseJsonPath(path)?.fields === undefined) {
      yield invalid(`${at}.${field}`, path, 'should be a json path under one of its fields');
    } else if (!path.startsWith(start) || (start === '' && !/^\.(spec|status)\./.test(path))) {
      yield invalid(
        `${at}.${field}`,
        path,
        `should be a json path under ${start === '' ? '.status or .spec' : start.slice(0, -1)}`,
      );
    }
  }
}

function* validateApproval(group: string, annotations: Readonly<Record<string, string>>): Issues {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return;
  const approval = annotations[APPROVED];
  const path = `metadata.annotations[${APPROVED}]`;
  if (approval === undefined) {
    yield required(
      path,
      'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    );
  } else if (!approval.startsWith('unapproved') && !URL.canParse(approval)) {
    yield invalid(
      path,
      approval,
      'protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111',
    );
  }
}
