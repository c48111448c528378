import { MAX_HINT_IDS } from './repositories.ts';

/** Ids of the webhooks whose fetches have led to no run yet, by Application; the newest of each. */
export class WebhookIds {
  readonly #byApplication = new Map<string, readonly string[]>();

  add(application: string, ids: readonly string[]): void {
    if (ids.length > 0) this.#byApplication.set(application, [...this.of(application), ...ids].slice(-MAX_HINT_IDS));
  }

  of(application: string): readonly string[] {
    return this.#byApplication.get(application) ?? [];
  }

  /** Those of an Application, which are forgotten: a run stands for them, or nothing had to run. */
  take(application: string): readonly string[] {
    const ids = this.of(application);
    this.#byApplication.delete(application);
    return ids;
  }
}
