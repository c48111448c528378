import type { Hook, HookDeletePolicy, HookPhase } from './render.types.ts';

/** Source: argo-cd docs/user-guide/resource_hooks.md (v3.1). */
const HOOK = 'argocd.argoproj.io/hook';
const DELETE_POLICY = 'argocd.argoproj.io/hook-delete-policy';
/** Source: helm.sh/docs/topics/charts_hooks. */
const HELM_HOOK = 'helm.sh/hook';
const HELM_DELETE_POLICY = 'helm.sh/hook-delete-policy';
/** An object of this event is applied as any other. Source: argo-cd gitops-engine/pkg/sync/hook/hook.go. */
const HELM_PLAIN = 'crd-install';

/** In the order in which a sync comes to them; `SyncFail` only when it fails. */
export const HOOK_PHASES: readonly HookPhase[] = ['PreSync', 'Sync', 'PostSync', 'SyncFail'];
const DELETE_POLICIES: readonly HookDeletePolicy[] = ['BeforeHookCreation', 'HookSucceeded', 'HookFailed'];

/** A sync is an installation and an upgrade in one. Source: argo-cd gitops-engine/pkg/sync/hook/helm/type.go. */
const HELM_PHASES: ReadonlyMap<string, HookPhase> = new Map([
  ['pre-install', 'PreSync'],
  ['pre-upgrade', 'PreSync'],
  ['post-install', 'PostSync'],
  ['post-upgrade', 'PostSync'],
]);
/** Source: argo-cd gitops-engine/pkg/sync/hook/helm/delete_policy.go. */
const HELM_DELETE_POLICIES: ReadonlyMap<string, HookDeletePolicy> = new Map([
  ['before-hook-creation', 'BeforeHookCreation'],
  ['hook-succeeded', 'HookSucceeded'],
  ['hook-failed', 'HookFailed'],
]);

/** What an object's annotations make of it: one that stays, one that is left out, one that runs, one that no sync runs, or a mistake. */
export type HookReading =
  | { readonly type: 'none' }
  | { readonly type: 'skip' }
  | { readonly type: 'hook'; readonly hook: Hook }
  | { readonly type: 'never'; readonly annotation: string; readonly message: string }
  | { readonly type: 'problem'; readonly annotation: string; readonly message: string };

/**
 * Argo CD's annotations of a hook; Helm's, where there is none of Argo CD's. Several phases or policies stand side by side, with commas. A phase or policy that does
 * not exist is a mistake here: what was meant to run once must not be applied like what stays.
 */
export function readHook(annotations: Readonly<Record<string, string>>): HookReading {
  const written = annotations[HOOK];
  if (written === undefined) return readHelmHook(annotations);
  const phases = partsOf(written);
  if (phases.includes('Skip')) return { type: 'skip' };
  const strange = phases.find((phase) => !isOneOf(HOOK_PHASES, phase));
  if (strange !== undefined || phases.length === 0) {
    const message = `a hook runs at ${HOOK_PHASES.join(', ')} or Skip, not at "${strange ?? written}"`;
    return { type: 'problem', annotation: HOOK, message };
  }
  const policies = partsOf(annotations[DELETE_POLICY] ?? '');
  const strangePolicy = policies.find((policy) => !isOneOf(DELETE_POLICIES, policy));
  if (strangePolicy !== undefined) {
    const message = `a hook is deleted at ${DELETE_POLICIES.join(', ')}, not at "${strangePolicy}"`;
    return { type: 'problem', annotation: DELETE_POLICY, message };
  }
  return {
    type: 'hook',
    hook: {
      phases: HOOK_PHASES.filter((phase) => phases.includes(phase)),
      // Source: argo-cd gitops-engine/pkg/sync/hook/delete_policy.go, the default.
      deletePolicies:
        policies.length === 0 ? ['BeforeHookCreation'] : policies.filter((policy) => isOneOf(DELETE_POLICIES, policy)),
    },
  };
}

/** Events that are no part of a sync (deletion, rollback, test) are passed over; with no other event the object never runs. */
function readHelmHook(annotations: Readonly<Record<string, string>>): HookReading {
  const written = annotations[HELM_HOOK];
  if (written === undefined || written.trim() === HELM_PLAIN) return { type: 'none' };
  const phases = new Set(partsOf(written).map((event) => HELM_PHASES.get(event.toLowerCase())));
  if (!HOOK_PHASES.some((phase) => phases.has(phase))) {
    const message = `${HELM_HOOK}: ${written} is no event of a sync; it is left out`;
    return { type: 'never', annotation: HELM_HOOK, message };
  }
  const policies = partsOf(annotations[HELM_DELETE_POLICY] ?? '');
  const strange = policies.find((policy) => !HELM_DELETE_POLICIES.has(policy));
  if (strange !== undefined) {
    const known = [...HELM_DELETE_POLICIES.keys()].join(', ');
    const message = `a hook of Helm's is deleted at ${known}, not at "${strange}"`;
    return { type: 'problem', annotation: HELM_DELETE_POLICY, message };
  }
  const deletePolicies = policies.flatMap((policy) => HELM_DELETE_POLICIES.get(policy) ?? []);
  return {
    type: 'hook',
    hook: {
      phases: HOOK_PHASES.filter((phase) => phases.has(phase)),
      deletePolicies: deletePolicies.length === 0 ? ['BeforeHookCreation'] : deletePolicies,
    },
  };
}

function partsOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function isOneOf<T extends string>(known: readonly T[], text: string): text is T {
  return (known as readonly string[]).includes(text);
}
