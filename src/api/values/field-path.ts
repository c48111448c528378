/** Values of the keys that name one item of a keyed list: `{ name: 'web' }`. */
export type ItemKeys = Readonly<Record<string, unknown>>;

/** A step into a value: a field or map key, the position in a list, or an item of a keyed list. */
export type FieldStep = string | number | ItemKeys;

/** Longest path text that is read, in characters. */
const MAX_PATH_LENGTH = 4096;
const FIELD = /^[A-Za-z_$][A-Za-z0-9_$-]*$/;

/** `spec.template.spec.containers[name=web].args[0]`, `metadata.labels[app.kubernetes.io/name]`. */
export function formatFieldPath(steps: readonly FieldStep[]): string {
  let path = '';
  for (const step of steps) {
    if (typeof step === 'number') path += `[${step}]`;
    else if (typeof step === 'object') path += `[${formatItemKeys(step)}]`;
    else if (FIELD.test(step)) path += path === '' ? step : `.${step}`;
    else path += `[${step}]`;
  }
  return path;
}

/** `name=web`, `containerPort=80,protocol=TCP`. */
export function formatItemKeys(keys: ItemKeys): string {
  return Object.keys(keys)
    .sort()
    .map((key) => `${key}=${String(keys[key])}`)
    .join(',');
}

/**
 * Reads what `formatFieldPath` wrote. The values of item keys come back as text, and a map key made of digits or with
 * an equals sign as a position or item; whoever walks a value tells them apart there. Undefined when it is no path.
 */
export function parseFieldPath(path: string): FieldStep[] | undefined {
  const { steps, whole } = readSteps(path);
  return whole ? steps : undefined;
}

/** As much of it as can be read: what follows is in the field that was read last. */
export function leadingSteps(path: string): readonly FieldStep[] {
  return readSteps(path).steps;
}

function readSteps(path: string): { readonly steps: FieldStep[]; readonly whole: boolean } {
  const steps: FieldStep[] = [];
  if (path.length > MAX_PATH_LENGTH) return { steps, whole: false };
  const part = /\.?([A-Za-z_$][A-Za-z0-9_$-]*)|\[([^\]]*)\]/y;
  while (part.lastIndex < path.length) {
    const match = part.exec(path);
    if (match === null) return { steps, whole: false };
    const [, field, bracket = ''] = match;
    steps.push(field ?? bracketStep(bracket));
  }
  return { steps, whole: true };
}

function bracketStep(text: string): FieldStep {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const pairs = text.split(',').map((pair) => /^([A-Za-z][A-Za-z0-9]*)=(.*)$/.exec(pair));
  if (pairs.some((pair) => pair === null)) return text;
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? '']));
}
