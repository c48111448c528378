export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly prerelease: string;
  readonly metadata: string;
}

const PART = '(0|[1-9]\\d*|\\d+)';
const VERSION = new RegExp(
  `^v?${PART}(?:\\.${PART})?(?:\\.${PART})?(?:-([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*))?(?:\\+([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*))?$`,
);

/** A version, of which minor and patch may be missing. Source: Masterminds/semver v3.3.0 version.go NewVersion. */
export function parseVersion(text: string): Version | undefined {
  const match = VERSION.exec(text);
  if (match === null) return undefined;
  const [, major = '0', minor = '0', patch = '0', prerelease = '', metadata = ''] = match;
  return { major: Number(major), minor: Number(minor), patch: Number(patch), prerelease, metadata };
}

export function formatVersion({ major, minor, patch, prerelease, metadata }: Version): string {
  return `${major}.${minor}.${patch}${prerelease === '' ? '' : `-${prerelease}`}${metadata === '' ? '' : `+${metadata}`}`;
}

/** Below zero, zero or above. */
export function compareVersions(left: Version, right: Version): number {
  const difference = left.major - right.major || left.minor - right.minor || left.patch - right.patch;
  if (difference !== 0 || left.prerelease === right.prerelease) return difference;
  if (left.prerelease === '') return 1;
  if (right.prerelease === '') return -1;
  return comparePrereleases(left.prerelease.split('.'), right.prerelease.split('.'));
}

function comparePrereleases(left: readonly string[], right: readonly string[]): number {
  for (let index = 0; ; index += 1) {
    const [a, b] = [left[index], right[index]];
    if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
    if (a === b) continue;
    const [aNumber, bNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
    if (aNumber && bNumber) return Number(a) - Number(b);
    if (aNumber !== bNumber) return aNumber ? -1 : 1;
    return a < b ? -1 : 1;
  }
}

interface Constraint {
  readonly operator: string;
  readonly version: Version;
  /** Which of the parts were written, from the left. */
  readonly parts: number;
}

const X = 'x|X|\\*|\\d+';
const ONE = new RegExp(
  `^\\s*(=|==|!=|>|<|>=|=>|<=|=<|~|~>|\\^)?\\s*v?(${X})(?:\\.(${X}))?(?:\\.(${X}))?(?:-([0-9A-Za-z.-]+))?(?:\\+([0-9A-Za-z.-]+))?\\s*$`,
);
const RANGE = new RegExp(
  `\\s*(v?(?:${X})(?:\\.(?:${X}))?(?:\\.(?:${X}))?(?:-[0-9A-Za-z.-]+)?)\\s+-\\s+(v?(?:${X})(?:\\.(?:${X}))?(?:\\.(?:${X}))?(?:-[0-9A-Za-z.-]+)?)\\s*`,
  'g',
);
const FIND = new RegExp(
  `(=|==|!=|>|<|>=|=>|<=|=<|~|~>|\\^)?\\s*v?(?:${X})(?:\\.(?:${X}))?(?:\\.(?:${X}))?(?:-[0-9A-Za-z.-]+)?(?:\\+[0-9A-Za-z.-]+)?`,
  'g',
);

/** A test for versions such as `>=1.19-0 <2 || ^3.1`; undefined when it cannot be read. Source: Masterminds/semver v3.3.0 constraints.go. */
export function parseConstraint(text: string): ((version: Version) => boolean) | undefined {
  const alternatives: (readonly Constraint[])[] = [];
  for (const alternative of text.replace(RANGE, ' >=$1 <=$2 ').split('||')) {
    const found = alternative.match(FIND) ?? [];
    const rest = alternative.replace(FIND, '').replace(/[\s,]/g, '');
    const constraints = found.map(parseOne);
    if (rest !== '' || found.length === 0 || constraints.some((one) => one === undefined)) return undefined;
    alternatives.push(constraints as readonly Constraint[]);
  }
  return (version) => alternatives.some((constraints) => constraints.every((one) => satisfies(version, one)));
}

const isWild = (part: string | undefined) => part === undefined || /^[xX*]$/.test(part);

function parseOne(text: string): Constraint | undefined {
  const match = ONE.exec(text);
  if (match === null) return undefined;
  const [, operator = '', major, minor, patch, prerelease = ''] = match;
  const parts = isWild(major) ? 0 : isWild(minor) ? 1 : isWild(patch) ? 2 : 3;
  const part = (value: string | undefined, index: number) => (index < parts ? Number(value) : 0);
  const version = {
    major: part(major, 0),
    minor: part(minor, 1),
    patch: part(patch, 2),
    prerelease: parts < 3 && isWild(major) ? '' : prerelease,
    metadata: '',
  };
  return { operator, version, parts };
}

function satisfies(version: Version, { operator, version: wanted, parts }: Constraint): boolean {
  const order = compareVersions(version, wanted);
  const same = (count: number) =>
    (count < 1 || version.major === wanted.major) &&
    (count < 2 || version.minor === wanted.minor) &&
    (count < 3 || version.patch === wanted.patch);
  // A prerelease satisfies only what names one.
  if (version.prerelease !== '' && wanted.prerelease === '' && operator !== '!=') return false;
  switch (operator) {
    case '!=':
      return parts < 3
        ? version.prerelease !== '' && wanted.prerelease === ''
          ? false
          : !same(parts) || (parts === 0 && false)
        : order !== 0;
    case '>':
      if (parts === 3) return order > 0;
      if (parts === 0) return false;
      return order > 0 && !same(parts);
    case '<':
      return order < 0;
    case '>=':
    case '=>':
      return order >= 0;
    case '<=':
    case '=<':
      return parts === 3 ? order <= 0 : order <= 0 || same(parts);
    case '~':
    case '~>':
      return order >= 0 && same(Math.min(parts, 2));
    case '^':
      return order >= 0 && caret(version, wanted, parts);
  }
  if (parts === 3) return order === 0;
  return order >= 0 && same(parts);
}

/** `^`: nothing changes left of and at the first part that is not zero. */
function caret(version: Version, wanted: Version, parts: number): boolean {
  if (parts === 0) return true;
  if (wanted.major > 0 || parts < 2) return version.major === wanted.major;
  if (version.major > 0) return false;
  if (wanted.minor > 0 || parts < 3) return version.minor === wanted.minor;
  return version.minor === 0 && version.patch === wanted.patch;
}
