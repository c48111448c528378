import { compareVersions, formatVersion, parseConstraint, parseVersion, type Version } from '#base';
import { define, FunctionProblem, type GoFunction, GoObject, SizedInt, type Value } from '../../template/index.ts';

function needVersion(text: string): Version {
  const version = parseVersion(text);
  if (version === undefined) throw new FunctionProblem('Invalid Semantic Version');
  return version;
}

/** What `semver` answers: its parts, and itself as text. */
function versionObject(original: string): GoObject {
  const version = needVersion(original);
  const part = (value: number) => new SizedInt('uint64', BigInt(value));
  const text = formatVersion(version);
  const compare = define('any', (_, other) => BigInt(Math.sign(compareVersions(version, versionOf(other)))));
  return new GoObject({
    typeName: '*semver.Version',
    kind: 'ptr',
    text,
    json: text,
    methods: new Map<string, GoFunction>([
      ['Major', define('', () => part(version.major))],
      ['Minor', define('', () => part(version.minor))],
      ['Patch', define('', () => part(version.patch))],
      ['Prerelease', define('', () => version.prerelease)],
      ['Metadata', define('', () => version.metadata)],
      ['Original', define('', () => original)],
      ['String', define('', () => text)],
      ['Compare', compare],
      ['Equal', define('any', (_, other) => compareVersions(version, versionOf(other)) === 0)],
      ['LessThan', define('any', (_, other) => compareVersions(version, versionOf(other)) < 0)],
      ['GreaterThan', define('any', (_, other) => compareVersions(version, versionOf(other)) > 0)],
    ]),
  });
}

const versionOf = (value: Value): Version =>
  needVersion(value instanceof GoObject ? (value.text ?? '') : String(value));

/** Versions. Source: Masterminds/sprig v3.3.0 semver.go. */
export const SEMVER: Readonly<Record<string, GoFunction>> = {
  semver: define('string', (_, text) => versionObject(text)),
  semverCompare: define('string, string', (_, constraint, text) => {
    const test = parseConstraint(constraint);
    if (test === undefined) throw new FunctionProblem(`improper constraint: ${constraint}`);
    return test(needVersion(text));
  }),
};
