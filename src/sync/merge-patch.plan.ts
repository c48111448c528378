/** The JSON merge patch that turns `before` into `after`; undefined when nothing differs. Source: RFC 7396. */
export function mergePatch(before: unknown, after: unknown): unknown {
  if (!isRecord(before) || !isRecord(after)) return isEqual(before, after) ? undefined : after;
  const patch: Record<string, unknown> = {};
  let differs = false;
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const next = after[name];
    // A null cannot be written by a merge patch: it means absent.
    const inner =
      next === undefined || next === null
        ? before[name] === undefined
          ? undefined
          : null
        : mergePatch(before[name], next);
    if (inner === undefined) continue;
    patch[name] = inner;
    differs = true;
  }
  return differs ? patch : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEqual(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((inner, index) => isEqual(inner, right[index]));
  }
  return isRecord(left) && isRecord(right) && mergePatch(left, right) === undefined;
}
