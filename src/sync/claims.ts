import type { Origin } from '#api';
import type { Loaded } from './load.ts';
import type { Claim } from './ownership.plan.ts';

/** What the newest load of every Application names: so that a move is seen as a move. */
export class Claims {
  readonly #byApplication = new Map<
    string,
    { readonly loaded: Loaded; readonly origins: ReadonlyMap<string, Origin> }
  >();
  readonly #byId = new Map<string, Set<string>>();

  set(application: string, loaded: Loaded): void {
    if (this.#byApplication.get(application)?.loaded === loaded) return;
    const origins = new Map(loaded.objects.map(({ id, origin }) => [id, origin]));
    // Named twice, or wrongly: still named. Where, its diagnostics tell.
    for (const id of loaded.heldIds) if (!origins.has(id)) origins.set(id, { path: '', line: 0 });
    this.delete(application);
    this.#byApplication.set(application, { loaded, origins });
    for (const id of origins.keys()) {
      const claimants = this.#byId.get(id);
      if (claimants === undefined) this.#byId.set(id, new Set([application]));
      else claimants.add(application);
    }
  }

  delete(application: string): void {
    for (const id of this.#byApplication.get(application)?.origins.keys() ?? []) {
      const claimants = this.#byId.get(id);
      claimants?.delete(application);
      if (claimants?.size === 0) this.#byId.delete(id);
    }
    this.#byApplication.delete(application);
  }

  loadedOf(application: string): Loaded | undefined {
    return this.#byApplication.get(application)?.loaded;
  }

  claims(application: string, id: string): boolean {
    return this.#byApplication.get(application)?.origins.has(id) === true;
  }

  /** Every other Application that names the object. */
  othersOf(id: string, application: string): readonly Claim[] {
    const claimants = this.#byId.get(id);
    if (claimants === undefined || (claimants.size === 1 && claimants.has(application))) return [];
    return [...claimants]
      .filter((claimant) => claimant !== application)
      .sort()
      .map((claimant) => ({
        application: claimant,
        origin: this.#byApplication.get(claimant)?.origins.get(id) ?? { path: '', line: 0 },
      }));
  }

  applications(): readonly string[] {
    return [...this.#byApplication.keys()];
  }
}
