import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../../../test/support/api-server.ts';
import { createKubectl, findKubectl } from '../../../test/support/kubectl.ts';

const kubectlPath = findKubectl('1.32');
const title = `src/server/admission with kubectl 1.32${kubectlPath === undefined ? ' (skipped: there is no kubectl)' : ''}`;

const containers = [{ name: 'c', image: 'sample:1', securityContext: { privileged: true } }];
const pod = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers } });
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd' },
  spec: {
    selector: { matchLabels: { app: 'd' } },
    template: { metadata: { labels: { app: 'd' } }, spec: { containers } },
  },
};
const said = 'privileged (container "c" must not set securityContext.privileged=true)';

describe.skipIf(kubectlPath === undefined)(title, () => {
  let server: ApiServer;
  let kubectl: (args: string, object?: object) => Promise<{ stdout: string; stderr: string; code: number }>;
  beforeAll(async () => {
    server = await startApiServer();
    const kubeconfig = await server.kubeconfig({ name: 'admin', groups: ['system:masters'] });
    const run = createKubectl(kubectlPath ?? '', kubeconfig, path.join(server.directory, 'cache'));
    kubectl = (args, object) =>
      run(args.split(' '), { timeoutMs: 30_000, ...(object === undefined ? {} : { input: JSON.stringify(object) }) });
    await kubectl('create namespace tight');
    await kubectl('label namespace tight pod-security.kubernetes.io/enforce=baseline');
  });
  afterAll(() => server.close());

  it('tells by default, and lets in', async () => {
    const { stdout, stderr } = await kubectl('create -f -', pod('a'));
    expect(stderr).toBe(`Warning: would violate PodSecurity "baseline:latest": ${said}\n`);
    expect(stdout).toBe('pod/a created\n');
    // Nothing of the pod's spec changed: no reason to say it again.
    expect((await kubectl('label pod a x=y')).stderr).toBe('');
  });

  it('refuses where the namespace says so, and tells of what would make such pods', async () => {
    const { stderr, code } = await kubectl('create -n tight -f -', pod('b'));
    expect([stderr, code]).toEqual([
      `Error from server (Forbidden): error when creating "STDIN": pods "b" is forbidden: violates PodSecurity "baseline:latest": ${said}\n`,
      1,
    ]);
    const made = await kubectl('create -n tight -f -', deployment);
    expect(made.stderr).toBe(`Warning: would violate PodSecurity "baseline:latest": ${said}\n`);
    expect(made.stdout).toBe('deployment.apps/d created\n');
  });
});
