import type { KubeObject } from '#api';

/** Source: argo-cd docs/user-guide/sync-options.md, compare-options.md (v3.1). */
const ON_OBJECT = 'argocd.argoproj.io/sync-options';
const COMPARE = 'argocd.argoproj.io/compare-options';

/** What may be deleted without asking, with a person's word only, or not at all. */
export type DeleteOption = 'free' | 'confirm' | 'never';
export type Propagation = 'Background' | 'Foreground' | 'Orphan';

/** How objects are written and deleted. An option of the Application holds for all its objects, unless one says otherwise. */
export interface SyncOptionSet {
  /** Written whole: what others have added goes. */
  readonly replace?: boolean;
  /** Deleted and made anew where the API refuses the change. */
  readonly force?: boolean;
  /** When it leaves Git. */
  readonly prune?: DeleteOption;
  /** When its Application goes. */
  readonly delete?: DeleteOption;
  readonly propagation?: Propagation;
}

/** What each known option means; nothing where it describes what is done anyway. */
const OPTIONS: ReadonlyMap<string, SyncOptionSet> = new Map<string, SyncOptionSet>([
  ['Replace=true', { replace: true }],
  ['Replace=false', { replace: false }],
  ['Force=true', { force: true }],
  ['Force=false', { force: false }],
  ['Prune=true', { prune: 'free' }],
  ['Prune=confirm', { prune: 'confirm' }],
  ['Prune=false', { prune: 'never' }],
  ['Delete=true', { delete: 'free' }],
  ['Delete=confirm', { delete: 'confirm' }],
  ['Delete=false', { delete: 'never' }],
  ['PrunePropagationPolicy=background', { propagation: 'Background' }],
  ['PrunePropagationPolicy=foreground', { propagation: 'Foreground' }],
  ['PrunePropagationPolicy=orphan', { propagation: 'Orphan' }],
  ['ServerSideApply=true', {}],
  ['PruneLast=true', {}],
  ['PruneLast=false', {}],
  ['SkipDryRunOnMissingResource=true', {}],
  ['SkipDryRunOnMissingResource=false', {}],
  ['Validate=true', {}],
]);
/** Those that only an Application has. `CreateNamespace` is read where the Application is. */
const OF_APPLICATION: ReadonlySet<string> = new Set([
  'CreateNamespace=true',
  'CreateNamespace=false',
  'ApplyOutOfSyncOnly=true',
  'ApplyOutOfSyncOnly=false',
  'RespectIgnoreDifferences=true',
  'FailOnSharedResource=true',
]);

export interface ReadOptions {
  readonly options: SyncOptionSet;
  /** Those that do not exist here, as they were written. */
  readonly unknown: readonly string[];
}

export function readApplicationOptions(written: readonly string[]): ReadOptions {
  return read(written.filter((option) => !OF_APPLICATION.has(option.trim())));
}

/** The last word counts where one option is said twice. */
function read(written: readonly string[]): ReadOptions {
  let options: SyncOptionSet = {};
  const unknown: string[] = [];
  for (const option of written.map((text) => text.trim()).filter((text) => text !== '')) {
    const means = OPTIONS.get(option);
    if (means === undefined) unknown.push(option);
    else options = { ...options, ...means };
  }
  return { options, unknown };
}

/** What holds for one object: its own options before those of its Application. */
export function optionsOf(application: SyncOptionSet, object: KubeObject | undefined): SyncOptionSet {
  const written = object?.metadata.annotations?.[ON_OBJECT];
  return written === undefined ? application : { ...application, ...read(written.split(',')).options };
}

/**
 * Whether an object may go with its Application. What may not be pruned may not go that way either: it holds data, and how
 * it would be deleted is all one to it.
 */
export function cascadeOption({ prune = 'free', delete: own = 'free' }: SyncOptionSet): DeleteOption {
  if (prune === 'never' || own === 'never') return 'never';
  return prune === 'confirm' || own === 'confirm' ? 'confirm' : 'free';
}

/** Options on an object that do nothing here, each with its annotation. */
export function unknownObjectOptions({ metadata: { annotations = {} } }: KubeObject): readonly string[] {
  const sync = read((annotations[ON_OBJECT] ?? '').split(',')).unknown.map((option) => `${ON_OBJECT}: ${option}`);
  const compare = comparesAs(annotations)
    .filter((option) => option !== IGNORE_EXTRANEOUS)
    .map((option) => `${COMPARE}: ${option}`);
  return [...sync, ...compare];
}

const IGNORE_EXTRANEOUS = 'IgnoreExtraneous';

function comparesAs(annotations: Readonly<Record<string, string>>): readonly string[] {
  return (annotations[COMPARE] ?? '').split(',').flatMap((text) => (text.trim() === '' ? [] : [text.trim()]));
}

/** Whether an object that Git does not name any more is no reason to call the Application OutOfSync. */
export function ignoresExtraneous(object: KubeObject | undefined): boolean {
  return comparesAs(object?.metadata.annotations ?? {}).includes(IGNORE_EXTRANEOUS);
}
