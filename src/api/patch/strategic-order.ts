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
  const items = merged.map((item): Placed => {
    const identity = identityOf(item) ?? '';
    return { item, wanted: wanted.get(identity), before: before.get(identity) };
  });
  const last = Number.MAX_SAFE_INTEGER;
  const named = items.filter((one) => one.wanted !== undefined).sort((a, b) => (a.wanted ?? last) - (b.wanted ?? last));
  const others = items
    .filter((one) => one.wanted === undefined)
    .sort((a, b) => (a.before ?? last) - (b.before ?? last));
  const result: Json[] = [];
  let next = 0;
  for (const one of named) {
    for (; next < others.length; next += 1) {
      const other = others[next] as Placed;
      if (one.before === undefined || other.before === undefined || other.before >= one.before) break;
      result.push(other.item);
    }
    result.push(one.item);
  }
  return [...result, ...others.slice(next).map(({ item }) => item)];
}

interface Placed {
  readonly item: Json;
  /** Its place in the wanted order. */
  readonly wanted: number | undefined;
  /** Its place before the patch. */
  readonly before: number | undefined;
}

function placesOf(items: readonly Json[], identityOf: (item: Json) => string | undefined): Map<string, number> {
  const places = new Map<string, number>();
  items.forEach((item, index) => {
    const identity = identityOf(item);
    if (identity !== undefined && !places.has(identity)) places.set(identity, index);
  });
  return places;
}
