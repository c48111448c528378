import type { Json } from '../meta/object.ts';

export interface OrderRequest {
  /** All items, in any order. */
  readonly merged: readonly Json[];
  /** The list before the patch: its other items keep their places among each other. */
  readonly original: readonly Json[];
  /** The order that the patch wants for the items it names. */
  readonly order: readonly Json[];
  identityOf(item: Json): string | undefined;
}

/**
 * Brings the items that a patch names into its order. The others keep theirs, and stand before a named item only where
 * they stood before it already; so an item that is new comes before them, as with kubectl.
 * Source: apimachinery util/strategicpatch patch.go, normalizeElementOrder (v0.32), behaviour only.
 */
export function inPatchOrder({ merged, original, order, identityOf }: OrderRequest): Json[] {
  const wanted = placesOf(order, identityOf);
  const before = placesOf(original, identityOf);
  const place = (places: ReadonlyMap<string, number>, item: Json) => places.get(identityOf(item) ?? '');
  const byPlace = (places: ReadonlyMap<string, number>) => (a: Json, b: Json) =>
    (place(places, a) ?? places.size) - (place(places, b) ?? places.size);

  const named = merged.filter((item) => place(wanted, item) !== undefined).sort(byPlace(wanted));
  const others = merged.filter((item) => place(wanted, item) === undefined).sort(byPlace(before));
  const result: Json[] = [];
  let next = 0;
  for (const item of named) {
    const itemPlace = place(before, item);
    while (next < others.length) {
      const otherPlace = place(before, others[next] as Json);
      if (itemPlace === undefined || otherPlace === undefined || otherPlace >= itemPlace) break;
      result.push(others[next] as Json);
      next += 1;
    }
    result.push(item);
  }
  return [...result, ...others.slice(next)];
}

function placesOf(items: readonly Json[], identityOf: (item: Json) => string | undefined): Map<string, number> {
  const places = new Map<string, number>();
  items.forEach((item, index) => {
    const identity = identityOf(item);
    if (identity !== undefined && !places.has(identity)) places.set(identity, index);
  });
  return places;
}
