import { type LabelSelector, type Pod, type PodDisruptionBudget, selectorFromObject } from '#api';

interface Budget {
  readonly namespace: string;
  readonly selector: LabelSelector;
  /** Pods that the API evicts already: they are reckoned with. */
  readonly leaving: Readonly<Record<string, unknown>>;
  allowed: number;
}

/**
 * How many pods may still be disturbed, by budget. An empty selector is every pod of the namespace, as for evictions.
 * Source: kubernetes pkg/scheduler/framework/plugins/defaultpreemption, filterPodsWithPDBViolation (v1.32).
 */
export class Budgets {
  readonly #budgets: readonly Budget[];

  constructor(budgets: readonly PodDisruptionBudget[]) {
    this.#budgets = budgets.map(({ metadata, spec, status }) => ({
      namespace: metadata.namespace ?? '',
      selector: selectorFromObject(spec?.selector),
      leaving: status?.disruptedPods ?? {},
      allowed: status?.disruptionsAllowed ?? 0,
    }));
  }

  /** Which of the pods go beyond a budget if all of them go, those that come first being covered first. Keeps their order. */
  split<T extends { readonly pod: Pod }>(
    pods: readonly T[],
  ): { readonly beyond: readonly T[]; readonly within: readonly T[] } {
    const left = this.#budgets.map(({ allowed }) => allowed);
    const beyond: T[] = [];
    const within: T[] = [];
    for (const each of pods) {
      let violates = false;
      for (const index of this.#of(each.pod)) {
        const allowed = (left[index] ?? 0) - 1;
        left[index] = allowed;
        if (allowed < 0) violates = true;
      }
      (violates ? beyond : within).push(each);
    }
    return { beyond, within };
  }

  /** A pod is to go: what it takes of its budgets is gone for others. */
  spend(pod: Pod): void {
    for (const index of this.#of(pod)) {
      const budget = this.#budgets[index];
      if (budget !== undefined) budget.allowed -= 1;
    }
  }

  *#of({ metadata: { name, namespace, labels = {} } }: Pod): Iterable<number> {
    for (const [index, budget] of this.#budgets.entries()) {
      if (budget.namespace !== namespace || Object.hasOwn(budget.leaving, name)) continue;
      if (budget.selector.matches(labels)) yield index;
    }
  }
}
