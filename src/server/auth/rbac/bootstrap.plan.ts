import type { ClusterRole, ClusterRoleBinding, Subject } from '#api';
import { equalJson } from '#base';
import { compact, uncovered } from './rule.plan.ts';

const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate';

/**
 * A role as it must be after a start: what people added stays, what is missing comes back. Undefined when nothing is
 * missing, or when its annotation says to leave it alone. Source: component-helpers/auth/rbac/reconciliation (v1.32).
 */
export function planRole(live: ClusterRole, wanted: ClusterRole): ClusterRole | undefined {
  if (isLeftAlone(live)) return undefined;
  const metadata = withMarks(live, wanted);
  const selectors = live.aggregationRule?.clusterRoleSelectors ?? [];
  const missing = (wanted.aggregationRule?.clusterRoleSelectors ?? []).filter(
    (each) => !selectors.some((known) => equalJson(known, each)),
  );
  // What an aggregating role holds is its controller's to say.
  const rules = wanted.aggregationRule === undefined ? compact(uncovered(live.rules ?? [], wanted.rules ?? [])) : [];
  if (metadata === live.metadata && missing.length === 0 && rules.length === 0) return undefined;
  return {
    ...live,
    metadata,
    rules: [...(live.rules ?? []), ...rules],
    ...(missing.length === 0 ? {} : { aggregationRule: { clusterRoleSelectors: [...selectors, ...missing] } }),
  };
}

/** The same for a binding; one that leads to another role by now is a person's own. */
export function planBinding(live: ClusterRoleBinding, wanted: ClusterRoleBinding): ClusterRoleBinding | undefined {
  if (isLeftAlone(live) || !equalJson(live.roleRef, wanted.roleRef)) return undefined;
  const metadata = withMarks(live, wanted);
  const subjects = live.subjects ?? [];
  const isKnown = (each: Subject) => subjects.some(({ kind, name }) => kind === each.kind && name === each.name);
  const missing = (wanted.subjects ?? []).filter((each) => !isKnown(each));
  if (metadata === live.metadata && missing.length === 0) return undefined;
  return { ...live, metadata, subjects: [...subjects, ...missing] };
}

const isLeftAlone = ({ metadata }: ClusterRole | ClusterRoleBinding) => metadata.annotations?.[AUTOUPDATE] === 'false';

function withMarks({ metadata: live }: Marked, { metadata: wanted }: Marked): Marked['metadata'] {
  const labels = { ...live.labels, ...wanted.labels };
  const annotations = { ...live.annotations, ...wanted.annotations };
  const same = equalJson(labels, live.labels ?? {}) && equalJson(annotations, live.annotations ?? {});
  return same ? live : { ...live, labels, annotations };
}

type Marked = Pick<ClusterRole, 'metadata'>;
