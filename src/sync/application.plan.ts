import type { Application, ApplicationHelm, ApplicationSource, IgnoreDifference } from '#api';
import {
  isSuspended,
  PINNED_ANNOTATION,
  parseDuration,
  SUSPENDED_ANNOTATION,
  unsupportedApplicationFields,
} from '#api';
import type { BackoffOptions } from '#base';
import { unsupportedRules } from '#diff';
import { readApplicationOptions, type SyncOptionSet } from './sync-options.plan.ts';

/** One place in Git that an Application is read from. */
export interface Source {
  readonly repoURL: string;
  /** Normalised; '' is the root of the repository. */
  readonly path: string;
  /** Branch, tag or commit; '' means the default branch. */
  readonly revision: string;
  readonly directory: NonNullable<ApplicationSource['directory']>;
  /** Undefined where nothing asks for a chart: then what lies in the folder decides. */
  readonly helm: ApplicationHelm | undefined;
  /** Name by which value files of other sources find this one. */
  readonly ref: string | undefined;
  /** It is there for its `ref` alone: nothing of it is applied. */
  readonly isOnlyRef: boolean;
  /** `spec.sources[0]`, for messages. */
  readonly field: string;
  /** The Application's name, which a chart's release takes. */
  readonly application: string;
}

export interface NamespaceMetadata {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What an Application asks for, read once, with every default filled in. */
export interface ApplicationSettings {
  /** Name of its AppProject. */
  readonly project: string;
  readonly sources: readonly Source[];
  /** Namespace of objects that name none. */
  readonly namespace: string;
  readonly createNamespace: boolean;
  /** Labels and annotations of the Namespace that is made; undefined: it is left as it is. */
  readonly namespaceMetadata: NamespaceMetadata | undefined;
  readonly options: SyncOptionSet;
  readonly automated: boolean;
  readonly prune: boolean;
  readonly selfHeal: boolean;
  readonly allowEmpty: boolean;
  readonly ignoreDifferences: readonly IgnoreDifference[];
  readonly historyLimit: number;
  readonly retry: BackoffOptions;
  /** How often a run that failed is tried again by itself; undefined: for as long as it takes. */
  readonly retryLimit: number | undefined;
  /** Why no sync may begin, in words for a person; undefined: nobody suspended it. */
  readonly suspended: string | undefined;
  /** The commit that stands in place of what the source names, and that name; undefined: it is not pinned. */
  readonly pinned: { readonly commit: string; readonly instead: string } | undefined;
  /** Nothing can be done with this Application until these are corrected. */
  readonly problems: readonly string[];
  /** What it asks for and does not get. Named in a warning, never dropped in silence. */
  readonly unsupported: readonly string[];
}

/** Runs that are kept. Source: argo-cd application_defaults.go, RevisionHistoryLimit. */
const HISTORY_LIMIT = 10;
const MAX_HISTORY_LIMIT = 200;
const MAX_SOURCES = 16;
/** Retry delays when the Application names none. Source: argo-cd application_defaults.go (5 s, ×2, 3 min). */
const RETRY_DEFAULTS = { initialMs: 5_000, maxMs: 180_000, factor: 2 };
const MAX_RETRY_MS = 3_600_000;
const THIS_CLUSTER = new Set(['https://kubernetes.default.svc', '']);
/** Read once for each version of an Application: objects of the API are frozen, so one object says one thing for ever. */
const read = new WeakMap<Application, ApplicationSettings>();

export function readApplication(application: Application): ApplicationSettings {
  const known = read.get(application);
  if (known !== undefined) return known;
  const settings = readSettings(application);
  if (Object.isFrozen(application)) read.set(application, settings);
  return settings;
}

function readSettings(application: Application): ApplicationSettings {
  const { spec } = application;
  const problems: string[] = [];
  const policy = spec.syncPolicy ?? {};
  const automated = policy.automated;
  const options = policy.syncOptions ?? [];
  if (spec.destination?.server !== undefined && !THIS_CLUSTER.has(spec.destination.server)) {
    problems.push(`spec.destination.server: only this cluster is supported (https://kubernetes.default.svc)`);
  }
  if (spec.destination?.name !== undefined && !['in-cluster', ''].includes(spec.destination.name)) {
    problems.push('spec.destination.name: only "in-cluster" is supported');
  }
  const backoff = policy.retry?.backoff;
  const createNamespace = options.includes('CreateNamespace=true');
  const read = readApplicationOptions(options);
  const declared = readSources(application, problems);
  const pinned = readPin(application, declared, problems);
  return {
    project: spec.project || 'default',
    sources: pinned === undefined ? declared : declared.map((source) => ({ ...source, revision: pinned.commit })),
    namespace: spec.destination?.namespace || 'default',
    createNamespace,
    namespaceMetadata: createNamespace ? policy.managedNamespaceMetadata : undefined,
    options: read.options,
    automated: automated !== undefined && automated.enabled !== false,
    prune: automated?.prune === true,
    selfHeal: automated?.selfHeal === true,
    allowEmpty: automated?.allowEmpty === true,
    ignoreDifferences: spec.ignoreDifferences ?? [],
    retryLimit: retryLimit(policy.retry?.limit),
    historyLimit: clamp(spec.revisionHistoryLimit ?? HISTORY_LIMIT, 1, MAX_HISTORY_LIMIT),
    retry: {
      initialMs: durationMs(backoff?.duration, RETRY_DEFAULTS.initialMs),
      maxMs: durationMs(backoff?.maxDuration, RETRY_DEFAULTS.maxMs),
      factor: clamp(backoff?.factor ?? RETRY_DEFAULTS.factor, 1, 10),
    },
    suspended: readSuspension(application),
    pinned,
    problems,
    unsupported: [
      ...unsupportedApplicationFields(application),
      ...unsupportedRules(spec.ignoreDifferences ?? []).map((rule) => `spec.ignoreDifferences: ${rule}`),
      ...read.unknown.map((option) => `spec.syncPolicy.syncOptions: ${option}`),
    ],
  };
}

/** Longest reason for a suspension that is told, in characters. */
const MAX_REASON = 300;
const NO_REASON = new Set(['', 'true']);
/** A whole commit id, SHA-1 or SHA-256: a name could mean another commit tomorrow, and a pin must not move. */
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

function readSuspension({ metadata }: Application): string | undefined {
  if (!isSuspended({ metadata })) return undefined;
  const given = metadata.annotations?.[SUSPENDED_ANNOTATION] ?? '';
  const reason = NO_REASON.has(given) ? '' : ` (${given.slice(0, MAX_REASON)})`;
  return `no sync begins: it is suspended${reason}, until plumb app resume ${metadata.name}`;
}

function readPin(
  { metadata }: Application,
  sources: readonly Source[],
  problems: string[],
): ApplicationSettings['pinned'] {
  const commit = metadata.annotations?.[PINNED_ANNOTATION];
  if (commit === undefined) return undefined;
  const at = `metadata.annotations[${PINNED_ANNOTATION}]`;
  const [source, ...more] = sources;
  if (!COMMIT.test(commit)) problems.push(`${at}: "${commit.slice(0, 80)}" is not the whole id of a commit`);
  else if (more.length > 0) problems.push(`${at}: only an Application of one source can be pinned`);
  else if (source !== undefined) return { commit, instead: source.revision };
  return undefined;
}

function readSources({ spec, metadata }: Application, problems: string[]): readonly Source[] {
  const declared = spec.sources !== undefined && spec.sources.length > 0 ? spec.sources : [spec.source];
  if (declared.length > MAX_SOURCES) problems.push(`spec.sources: at most ${MAX_SOURCES} are read`);
  return declared.slice(0, MAX_SOURCES).flatMap((source, index) => {
    const at = spec.sources === undefined ? 'spec.source' : `spec.sources[${index}]`;
    if (source?.repoURL === undefined || source.repoURL === '') {
      problems.push(`${at}.repoURL is required`);
      return [];
    }
    const path = directoryPath(source.path ?? '');
    if (path === undefined) {
      problems.push(`${at}.path must be a path inside of the repository`);
      return [];
    }
    const { helm } = source;
    if (helm !== undefined) problems.push(...helmProblems(helm, at));
    return [
      {
        repoURL: source.repoURL,
        path,
        revision: source.targetRevision ?? '',
        directory: source.directory ?? {},
        helm: helm === undefined || Object.keys(helm).length === 0 ? undefined : helm,
        ref: source.ref || undefined,
        isOnlyRef: Boolean(source.ref) && source.path === undefined,
        field: at,
        application: metadata.name,
      },
    ];
  });
}

/** Argo CD puts the Application's own data in here. Source: argo-cd docs/user-guide/build-environment.md. */
const BUILD_VARIABLE = /\$\{?ARGOCD_/;

function helmProblems({ version, parameters = [], valueFiles = [] }: ApplicationHelm, at: string): readonly string[] {
  const problems: string[] = [];
  if (version && version !== 'v3') problems.push(`${at}.helm.version: only "v3" is supported`);
  const texts = [...parameters.map(({ value = '' }) => value), ...valueFiles];
  const withVariable = texts.find((text) => BUILD_VARIABLE.test(text));
  if (withVariable !== undefined)
    problems.push(`${at}.helm: variables of the build environment are not supported: ${withVariable.slice(0, 200)}`);
  return problems;
}

/** A directory inside of a repository, without slashes at its ends; undefined for what leads out of it. */
function directoryPath(path: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: such a path is refused.
  if (path.length > 4_096 || path.startsWith('/') || /[\u0000-\u001f\u007f\\]/.test(path)) return undefined;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? undefined : parts.join('/');
}

function durationMs(text: string | undefined, fallback: number): number {
  const ms = text === undefined ? undefined : parseDuration(text);
  return ms === undefined ? fallback : clamp(ms, 100, MAX_RETRY_MS);
}

/** None, or less than none, is no limit. Source: argo-cd docs/user-guide/auto_sync.md, for the latter. */
function retryLimit(limit: number | undefined): number | undefined {
  return limit === undefined || limit < 0 ? undefined : Math.trunc(limit);
}

function clamp(value: number, low: number, high: number): number {
  return Number.isFinite(value) ? Math.min(high, Math.max(low, Math.trunc(value))) : low;
}
