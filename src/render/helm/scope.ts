import { isRecord } from '#api';
import {
  ByteList,
  define,
  fromJson,
  type GoFunction,
  type GoMap,
  GoObject,
  textOf,
  type Value,
} from '../template/index.ts';
import type { Chart } from './chart.types.ts';
import { compileFileGlob } from './file-glob.ts';
import { toYaml } from './functions/data.ts';
import { base } from './functions/paths.ts';

export interface Capabilities {
  /** `v1.32.0`. */
  readonly kubeVersion: string;
  /** `apps/v1`, `apps/v1/Deployment`. */
  readonly apiVersions: readonly string[];
}

export interface Release {
  readonly name: string;
  readonly namespace: string;
}

/** `.Release`. A rendering is always a first installation, as in `helm template`. */
export function releaseValues({ name, namespace }: Release): GoMap {
  return new Map<string, Value>([
    ['Name', name],
    ['Namespace', namespace],
    ['IsUpgrade', false],
    ['IsInstall', true],
    ['Revision', 1n],
    ['Service', 'Helm'],
  ]);
}

/** Which Helm charts are told they run under: they ask for it to know what they may use. */
const HELM_VERSION = 'v3.17.4';

/** `.Capabilities`. */
export function capabilityValues({ kubeVersion, apiVersions }: Capabilities): GoObject {
  const [major = '', minor = ''] = kubeVersion.replace(/^v/, '').split('.');
  const known = new Set(apiVersions);
  const text = (value: string) => define('', () => value);
  return new GoObject({
    typeName: '*chartutil.Capabilities',
    kind: 'ptr',
    fields: new Map<string, Value>([
      [
        'KubeVersion',
        new GoObject({
          typeName: 'chartutil.KubeVersion',
          text: kubeVersion,
          fields: new Map([
            ['Version', kubeVersion],
            ['Major', major],
            ['Minor', minor],
          ]),
          methods: new Map([
            ['String', text(kubeVersion)],
            ['GitVersion', text(kubeVersion)],
          ]),
        }),
      ],
      [
        'APIVersions',
        new GoObject({
          typeName: 'chartutil.VersionSet',
          kind: 'slice',
          items: [...apiVersions],
          methods: new Map([['Has', define('string', (_, version) => known.has(version))]]),
        }),
      ],
      [
        'HelmVersion',
        new GoObject({
          typeName: 'version.BuildInfo',
          fields: new Map([
            ['Version', HELM_VERSION],
            ['GitCommit', ''],
            ['GitTreeState', ''],
            ['GoVersion', ''],
          ]),
        }),
      ],
    ]),
  });
}

/** Fields of Chart.yaml as templates name them. Source: helm pkg/chart/metadata.go (v3.17). */
const METADATA: Readonly<Record<string, Value>> = {
  Name: '',
  Home: '',
  Sources: [],
  Version: '',
  Description: '',
  Keywords: [],
  Maintainers: [],
  Icon: '',
  APIVersion: '',
  Condition: '',
  Tags: '',
  AppVersion: '',
  Deprecated: false,
  Annotations: new Map(),
  KubeVersion: '',
  Dependencies: [],
  Type: '',
};

const JSON_NAMES: Readonly<Record<string, string>> = {
  APIVersion: 'apiVersion',
  AppVersion: 'appVersion',
  KubeVersion: 'kubeVersion',
};
const jsonName = (field: string) => JSON_NAMES[field] ?? field.charAt(0).toLowerCase() + field.slice(1);

/** `.Chart`. */
export function chartValues({ metadata }: Chart, isRoot: boolean): GoObject {
  const all: Readonly<Record<string, unknown>> = {
    ...metadata.all,
    name: metadata.name,
    apiVersion: metadata.apiVersion,
  };
  const fields: GoMap = new Map();
  for (const [name, fallback] of Object.entries(METADATA)) {
    const value = all[jsonName(name)];
    fields.set(name, value === undefined || value === null ? fallback : asStruct(value, name));
  }
  fields.set('IsRoot', isRoot);
  const json = new Map(
    [...fields].filter(([name]) => name !== 'IsRoot').map(([name, value]) => [jsonName(name), value] as const),
  );
  return new GoObject({ typeName: 'chart.Metadata', fields, json });
}

/** Maintainers and dependencies are structs: their fields begin with capitals. */
function asStruct(value: unknown, field: string): Value {
  if (field !== 'Maintainers' && field !== 'Dependencies') return fromJson(value);
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).map((item) => {
    const names =
      field === 'Maintainers' ? ['Name', 'Email', 'URL'] : ['Name', 'Version', 'Repository', 'Condition', 'Alias'];
    const fields = names.map((name) => [name, fromJson(item[name === 'URL' ? 'url' : jsonName(name)] ?? '')] as const);
    return new GoObject({
      typeName: `*chart.${field.slice(0, -1)}`,
      kind: 'ptr',
      fields: new Map(fields),
      json: fromJson(item),
    });
  });
}

/** `.Files`: the chart's files that are neither templates nor its own. */
export function fileValues(files: ReadonlyMap<string, Uint8Array>): GoObject {
  const bytesAt = (path: string) => files.get(path) ?? new Uint8Array();
  const byName = (text: (bytes: Uint8Array) => string) =>
    toYaml(new Map([...files].map(([path, bytes]) => [base(path), text(bytes)])));
  return new GoObject({
    typeName: 'engine.files',
    kind: 'map',
    fields: new Map([...files].map(([path, bytes]) => [path, new ByteList(bytes)])),
    methods: new Map<string, GoFunction>([
      ['Get', define('string', (_, path) => textOf(bytesAt(path)))],
      ['GetBytes', define('string', (_, path) => new ByteList(bytesAt(path)))],
      [
        'Glob',
        define('string', (_, pattern) => {
          const matches = compileFileGlob(pattern);
          return fileValues(new Map([...files].filter(([path]) => matches(path))));
        }),
      ],
      ['AsConfig', define('', () => byName(textOf))],
      ['AsSecrets', define('', () => byName((bytes) => Buffer.from(bytes).toString('base64')))],
      ['Lines', define('string', (_, path) => linesOf(textOf(bytesAt(path))))],
    ]),
  });
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));
