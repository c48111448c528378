/** Reads of objects whose shape nobody has checked: what is not there, or is of another type, reads as absent. */

export type Fields = Readonly<Record<string, unknown>>;

const EMPTY: Fields = Object.freeze({});

export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : EMPTY;
}

export function numberAt(value: Fields, name: string): number | undefined {
  const found = value[name];
  return typeof found === 'number' ? found : undefined;
}

export function textAt(value: Fields, name: string): string | undefined {
  const found = value[name];
  return typeof found === 'string' ? found : undefined;
}

export function listAt(value: Fields, name: string): readonly Fields[] {
  const found = value[name];
  return Array.isArray(found) ? found.map(fields) : [];
}

/** The condition of a type, if it is set. */
export function conditionAt(status: Fields, type: string): Fields | undefined {
  return listAt(status, 'conditions').find((condition) => condition['type'] === type);
}

/** Whether the controller has yet to look at the newest spec. */
export function isStale(generation: number | undefined, status: Fields): boolean {
  return (generation ?? 0) > (numberAt(status, 'observedGeneration') ?? 0);
}
