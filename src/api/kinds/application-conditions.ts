/**
 * What a condition of an Application says, from the worst. `unread`: what Git says now is not known, so nobody can tell
 * whether the cluster is true to it. `error`: something that Git says is not applied. `blocked`: a person has to decide.
 * `warning`: all is applied, and yet something is to be told.
 */
export const CONDITION_SEVERITIES = ['unread', 'error', 'blocked', 'warning'] as const;
export type ConditionSeverity = (typeof CONDITION_SEVERITIES)[number];

/** Every type that the sync engine writes; each tells of trouble while its status is True. */
export const APPLICATION_CONDITIONS = {
  ComparisonError: 'unread',
  DuplicateResource: 'error',
  DuplicateResourceWarning: 'warning',
  InvalidManifest: 'error',
  InvalidManifestWarning: 'warning',
  InvalidSpecError: 'unread',
  NotAllowed: 'error',
  NotAllowedWarning: 'warning',
  Pinned: 'warning',
  PruneBlocked: 'blocked',
  RepositoryUnreachable: 'unread',
  SignatureWarning: 'warning',
  Suspended: 'warning',
  SyncError: 'error',
  SyncWindow: 'warning',
  UnsupportedFields: 'warning',
  UnsupportedKind: 'error',
  UnsupportedKindWarning: 'warning',
} as const satisfies Readonly<Record<string, ConditionSeverity>>;

export type ApplicationConditionType = keyof typeof APPLICATION_CONDITIONS;

/** How bad a condition is; undefined for one that is not true. A type that this version does not know is a warning. */
export function severityOf(condition: {
  readonly type: string;
  readonly status: string;
}): ConditionSeverity | undefined {
  if (condition.status !== 'True') return undefined;
  const { type } = condition;
  return Object.hasOwn(APPLICATION_CONDITIONS, type)
    ? APPLICATION_CONDITIONS[type as ApplicationConditionType]
    : 'warning';
}
