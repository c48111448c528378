import type { FieldDrift, ObjectKey, Origin, ResourceStatus } from '#api';

/** One object that a sync would change. */
export interface PlannedObject extends ObjectKey {
  readonly action: 'create' | 'configure' | 'prune' | 'refused';
  /** Its pods are replaced, as their template changes. */
  readonly restarts: boolean;
  readonly fields: readonly FieldDrift[];
  readonly origin?: Origin;
  /** Why it would be refused. */
  readonly message?: string;
}

const RESTARTING = new Set(['apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet']);

/** Whether a change of these fields replaces the pods of an object. A template is what its controllers compare. */
export function restartsPods(
  { group, kind }: Pick<ObjectKey, 'group' | 'kind'>,
  fields: readonly FieldDrift[],
): boolean {
  return RESTARTING.has(`${group}/${kind}`) && fields.some(({ path }) => /^spec\.template(?:[.[]|$)/.test(path));
}

/** What a sync would change of the objects that a status tells of. */
export function planFromStatus(resources: readonly ResourceStatus[]): readonly PlannedObject[] {
  return resources
    .filter(({ status }) => status === 'OutOfSync')
    .map(({ group, kind, namespace, name, requiresPruning, health, drift = [], origin }) => ({
      group,
      kind,
      namespace,
      name,
      action: requiresPruning === true ? 'prune' : health?.status === 'Missing' ? 'create' : 'configure',
      restarts: restartsPods({ group, kind }, drift),
      fields: drift,
      ...(origin === undefined ? {} : { origin }),
    }));
}
