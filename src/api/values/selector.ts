import { ApiError } from '../meta/status.ts';

/** The labels of one object. */
export type Labels = Readonly<Record<string, string>>;

export type SelectorOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';

/** One condition on one label. `values` is empty for `Exists` and `DoesNotExist`. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values: readonly string[];
  /** Written `key=value` rather than `key in (value)`. Only for printing. */
  readonly equality?: boolean;
}

/** Chooses objects by their labels. All requirements must hold. */
export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[];
  matches(labels: Labels | undefined): boolean;
  /** As kubectl would write it: `app=web,tier in (a,b)`; '' when everything matches. */
  toString(): string;
}

/** `LabelSelector` as objects carry it. Source: apimachinery meta/v1 types.go (v0.32). */
export interface LabelSelectorObject {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** Longest selector text that is read, in characters; a URL is shorter. */
export const MAX_SELECTOR_LENGTH = 64 * 1024;

const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const PREFIX = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Whether `key` may name a label or annotation: `name` or `dns.prefix/name`. */
export function isQualifiedName(key: string): boolean {
  const slash = key.indexOf('/');
  if (slash < 0) return NAME.test(key);
  const prefix = key.slice(0, slash);
  return PREFIX.test(prefix) && !/\.\.|-\.|\.-/.test(prefix) && NAME.test(key.slice(slash + 1));
}

/** Whether `value` may be a label's value: at most 63 of letters, digits, `-_.`, or nothing. */
export function isLabelValue(value: string): boolean {
  return value === '' || NAME.test(value);
}

/** Every entry of `wanted` is among `labels`. An empty or absent `wanted` matches everything: check that first. */
export function hasLabels(labels: Labels | undefined, wanted: Labels): boolean {
  return Object.keys(wanted).every((key) => labelOf(labels, key) === wanted[key]);
}

/**
 * Reads a selector as kubectl sends it: `a=b`, `a==b`, `a!=b`, `a in (x,y)`, `a notin (x)`, `a`, `!a`, `a>1`, `a<9`,
 * joined by commas; '' matches everything. Throws `BadRequest`.
 */
export function parseLabelSelector(text: string): LabelSelector {
  if (text.length > MAX_SELECTOR_LENGTH) {
    throw new ApiError('BadRequest', `the label selector is longer than ${MAX_SELECTOR_LENGTH} characters`);
  }
  return createSelector(new SelectorReader(text).read());
}

/**
 * The selector of a Deployment, ReplicaSet, … : absent matches nothing, empty matches everything.
 * Throws `BadRequest` for an operator that does not exist.
 */
export function selectorFromObject(selector: LabelSelectorObject | null | undefined): LabelSelector {
  if (selector === undefined || selector === null) return NOTHING;
  const requirements: LabelRequirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    requirements.push({ key, operator: 'In', values: [value], equality: true });
  }
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    if (operator !== 'In' && operator !== 'NotIn' && operator !== 'Exists' && operator !== 'DoesNotExist') {
      throw new ApiError('BadRequest', `"${operator}" is not a valid label selector operator`);
    }
    requirements.push(checked({ key, operator, values: values ?? [] }));
  }
  return createSelector(requirements);
}

/** The SELECTOR column: `app=web`, or `<none>`. */
export function formatSelectorObject(selector: LabelSelectorObject | null | undefined): string {
  return selectorFromObject(selector ?? {}).toString() || '<none>';
}

const NOTHING: LabelSelector = { requirements: [], matches: () => false, toString: () => '' };

function createSelector(unsorted: readonly LabelRequirement[]): LabelSelector {
  const requirements = [...unsorted].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const text = requirements.map(formatRequirement).join(',');
  return {
    requirements,
    matches: (labels) => requirements.every((requirement) => holds(requirement, labelOf(labels, requirement.key))),
    toString: () => text,
  };
}

function labelOf(labels: Labels | undefined, key: string): string | undefined {
  return labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function holds({ operator, values }: LabelRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt':
      return value !== undefined && INTEGER.test(value) && compares(operator, value, values[0] ?? '');
  }
}

const INTEGER = /^-?\d{1,18}$/;

function compares(operator: 'Gt' | 'Lt', value: string, limit: string): boolean {
  return operator === 'Gt' ? BigInt(value) > BigInt(limit) : BigInt(value) < BigInt(limit);
}

function formatRequirement({ key, operator, values, equality }: LabelRequirement): string {
  switch (operator) {
    case 'In':
      return equality ? `${key}=${values[0]}` : `${key} in (${[...values].sort().join(',')})`;
    case 'NotIn':
      return equality ? `${key}!=${values[0]}` : `${key} notin (${[...values].sort().join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    case 'Gt':
      return `${key}>${values[0]}`;
    case 'Lt':
      return `${key}<${values[0]}`;
  }
}

function checked(requirement: LabelRequirement): LabelRequirement {
  const { key, operator, values } = requirement;
  if (!isQualifiedName(key)) throw new ApiError('BadRequest', `invalid label key ${JSON.stringify(key)} in a selector`);
  const bad = values.find((value) => !isLabelValue(value));
  if (bad !== undefined) {
    throw new ApiError('BadRequest', `invalid label value ${JSON.stringify(bad)} in a selector, at key "${key}"`);
  }
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    throw new ApiError('BadRequest', `for the operators in and notin the values of "${key}" must not be empty`);
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    throw new ApiError('BadRequest', `for the operators Exists and DoesNotExist the values of "${key}" must be empty`);
  }
  if ((operator === 'Gt' || operator === 'Lt') && !INTEGER.test(values[0] ?? '')) {
    throw new ApiError('BadRequest', `for the operators > and < the value of "${key}" must be an integer`);
  }
  return requirement;
}

/** One word, or one of the marks. */
const TOKEN = /\s*(==|!=|[=!<>(),]|[^\s=!<>(),]+)/y;

class SelectorReader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    if (this.#peek() === '') return requirements;
    do requirements.push(checked(this.#requirement()));
    while (this.#take(','));
    if (this.#peek() !== '') this.#fail(`"," or the end`);
    return requirements;
  }

  #requirement(): LabelRequirement {
    if (this.#take('!')) return { key: this.#word('a label key'), operator: 'DoesNotExist', values: [] };
    const key = this.#word('a label key');
    const operator = this.#peek();
    switch (operator) {
      case '':
      case ',':
        return { key, operator: 'Exists', values: [] };
      case '=':
      case '==':
      case '!=':
        this.#next();
        return { key, operator: operator === '!=' ? 'NotIn' : 'In', values: [this.#value()], equality: true };
      case '>':
      case '<':
        this.#next();
        return { key, operator: operator === '>' ? 'Gt' : 'Lt', values: [this.#word('an integer')] };
      case 'in':
      case 'notin':
        this.#next();
        return { key, operator: operator === 'in' ? 'In' : 'NotIn', values: this.#set() };
      default:
        return this.#fail('one of = == != in notin > < ,');
    }
  }

  /** `(a,b)`; an item may be empty. */
  #set(): string[] {
    if (!this.#take('(')) this.#fail('"("');
    if (this.#take(')')) return [];
    const values = new Set<string>();
    do values.add(this.#value());
    while (this.#take(','));
    if (!this.#take(')')) this.#fail('"," or ")"');
    return [...values];
  }

  /** A value, or nothing when a mark follows. */
  #value(): string {
    return /^(?:[,)]|)$/.test(this.#peek()) ? '' : this.#word('a label value');
  }

  #word(wanted: string): string {
    const token = this.#peek();
    if (token === '' || /^[=!<>(),]/.test(token)) this.#fail(wanted);
    this.#next();
    return token;
  }

  #take(mark: string): boolean {
    if (this.#peek() !== mark) return false;
    this.#next();
    return true;
  }

  /** The token at the position, or '' at the end. */
  #peek(): string {
    TOKEN.lastIndex = this.#position;
    return TOKEN.exec(this.#text)?.[1] ?? '';
  }

  #next(): void {
    TOKEN.lastIndex = this.#position;
    if (TOKEN.exec(this.#text) !== null) this.#position = TOKEN.lastIndex;
  }

  #fail(wanted: string): never {
    const shown = JSON.stringify(this.#text.length > 200 ? `${this.#text.slice(0, 200)}…` : this.#text);
    throw new ApiError(
      'BadRequest',
      `unable to parse the label selector ${shown}: found ${JSON.stringify(this.#peek().slice(0, 100))}, expected ${wanted}`,
    );
  }
}
