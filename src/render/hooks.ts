import type { Hook, HookDeletePolicy, HookPhase } from './render.types.ts';

/** Source: argo-cd docs/user-guide/resource_hooks.md (v3.1). */
export const HOOK = 'argocd.argoproj.io/hook';
const DELETE_POLICY = 'argocd.argoproj.io/hook-delete-policy';

/** In the order in which a sync comes to them; `SyncFail` only when it fails. */
export const HOOK_PHASES: readonly HookPhase[] = ['PreSync', 'Sync', 'PostSync', 'SyncFail'];
const DELETE_POLICIES: readonly HookDeletePolicy[] = ['BeforeHookCreation', 'HookSucceeded', 'HookFailed'];

/** What an object's annotations make of it: one that stays, one that is left out, one that runs, or a mistake. */
export type HookReading =
  | { readonly type: 'none' }
  | { readonly type: 'skip' }
  | { readonly type: 'hook'; readonly hook: Hook }
  | { readonly type: 'problem'; readonly annotation: string; readonly message: string };

/**
 * Argo CD's annotations of a hook. Several phases or policies stand side by side, with commas. A phase or policy that does
 * not exist is a mistake here: what was meant to run once must not be applied like what stays.
 */
export function readHook(annotations: Readonly<Record<string, string>>): HookReading {
  const written = annotations[HOOK];
  if (written === undefined) return { type: 'none' };
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

function partsOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function isOneOf<T extends string>(known: readonly T[], text: string): text is T {
  return (known as readonly string[]).includes(text);
}
