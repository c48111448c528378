/** What `/version` says. kubectl picks its own version by `minor`. `gitVersion` keeps the form that clients parse. */
export function versionInfo(productVersion: string): object {
  return {
    major: '1',
    minor: '32',
    gitVersion: `v1.32.0+plumbline-${productVersion}`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node${process.versions.node}`,
    compiler: 'v8',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
}
