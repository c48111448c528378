import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createGitFixture, type GitFixture } from '../support/git-fixture.ts';
import { type GitHttpServer, serveOverHttp } from '../support/git-http-server.ts';
import { type GitSshServer, hasSshd, serveOverSsh } from '../support/git-ssh-server.ts';
import type { KubectlResult } from '../support/kubectl.ts';
import { type Product, startProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

const ACCOUNT = { username: 'ada', password: 's3cret-token' };

let product: Product;
let folder: string;
const plumb = (...args: readonly string[]) => product.plumb(...args);

beforeAll(async () => {
  // Remote repositories cannot be watched: looked at every two seconds.
  product = await startProduct({ args: ['--poll', '2'] });
  folder = await mkdtemp(path.join(tmpdir(), 'plumb-cli-'));
  await product.untilTrue('web');
  await product.untilTrue('clock');
});
afterAll(async () => {
  await product?.close();
  await rm(folder, { recursive: true, force: true });
});

/** A command that must be carried out. */
async function ok(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await plumb(...args);
  expect(code, `plumb ${args.join(' ')}: ${stdout}${stderr}`).toBe(0);
  return stdout;
}

/** A command that must end with this code; what it said. */
async function refused(code: number, ...args: readonly string[]): Promise<KubectlResult> {
  const result = await plumb(...args);
  expect(result.code, `plumb ${args.join(' ')}: ${result.stdout}${result.stderr}`).toBe(code);
  expect(result.stderr).not.toMatch(/^ {4}at /m); // a stack is no message
  return result;
}

const file = async (name: string, text: string) => {
  const full = path.join(folder, name);
  await writeFile(full, text, { mode: 0o600 });
  return full;
};

const configMap = (name: string, text = '1') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {text: "${text}"}\n`;

/** Follows a repository that is not ours to watch. */
async function follow(name: string, repoURL: string): Promise<void> {
  const application = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: 'argocd' },
    spec: {
      project: 'default',
      source: { repoURL, path: '.', targetRevision: 'main' },
      destination: { name: 'in-cluster', namespace: name },
      syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions: ['CreateNamespace=true'] },
    },
  };
  const applied = await product.kubectl('apply', '-f', await file(`${name}.json`, JSON.stringify(application)));
  expect(applied.code, applied.stderr).toBe(0);
}

describe('plumb, typed against a running product', () => {
  it('tells whether all hangs true, for people and for CI', async () => {
    const all = await ok('status', '--check');
    expect(all).toMatch(/^APPLICATION +SYNC +HEALTH +COMMIT +LAST RUN$/m);
    for (const name of ['web', 'clock'])
      expect(all).toMatch(new RegExp(`^${name} +Synced +Healthy +[0-9a-f]{7} +Succeeded `, 'm'));
    expect(await ok('status', 'web')).not.toContain('clock');
    expect((await refused(2, 'status', 'none')).stderr).toMatch(/there is no Application "none"\n.*web/);
  });

  it('shows objects in kubectl’s forms, and misses them in its words', async () => {
    expect(await ok('get', 'deploy', '-n', 'demo')).toMatch(/^NAME +READY +UP-TO-DATE +AVAILABLE +AGE$/m);
    expect(await ok('get', 'pods', '-A', '-l', 'app=web', '-o', 'wide')).toMatch(/^NAMESPACE +NAME .* NODE /);
    const [first = ''] = (await ok('get', 'pods', '-n', 'demo', '-l', 'app=web', '-o', 'name')).split('\n');
    expect(first).toMatch(/^pod\/web-/);
    expect(parse(await ok('get', 'svc', 'web', '-n', 'demo', '-o', 'yaml'))).toMatchObject({ kind: 'Service' });
    expect(JSON.parse(await ok('get', 'app', '-n', 'argocd', '-o', 'json'))).toMatchObject({ kind: 'List' });
    const pod = first.replace('pod/', '');
    expect(await ok('describe', 'pod', pod, '-n', 'demo')).toMatch(/^Name: +web-[\s\S]*\nspec:\n[\s\S]*\nEvents:\n/);
    expect(await ok('logs', pod, '-n', 'demo', '--tail', '1')).toMatch(/^[^\n]+\n$/);
    for (const words of [
      ['get', 'pod', 'none'],
      ['describe', 'pod', 'none'],
      ['logs', 'none'],
    ])
      expect((await refused(1, ...words)).stderr).toMatch(/^Error from server \(NotFound\): pods "none" not found\n/);
    expect((await refused(2, 'get', 'unicorns')).stderr).toContain('There are:');
  });

  it('tells what would change, changes it, and what was changed', async () => {
    expect(await ok('diff', 'web')).toBe('');
    const deployment = path.join(product.demo, 'web/deployment.yaml');
    const text = await readFile(deployment, 'utf8');
    await writeFile(deployment, text.replace('value: blue', 'value: teal'));
    const local = await refused(1, 'diff', 'web', '--local', path.join(product.demo, 'web'));
    expect(local.stdout).toMatch(/Deployment demo\/web \(\S*deployment\.yaml:1\)\n {4}.*: teal in Git, blue live/);
    await product.commit('Paint it teal');
    expect((await plumb('sync', 'web', '--wait')).stderr).toMatch(
      /^Asked for a sync of web\.\n(?: {2}\S.*\n)*web: .*Synced/,
    );
    await product.untilTrue('web');
    const runs = await ok('history', 'web');
    expect(runs).toMatch(/^# +COMMIT +AUTHOR +RESULT +TRIGGER +TOOK +AGE +MESSAGE +CHANGES$/m);
    expect(runs).toMatch(/^1 +[0-9a-f]{7} +Ada.* Succeeded .*Paint it teal +1 configured$/m);
    expect(await ok('history', 'web', '2', '1')).toMatch(/^-.*blue\n\+.*teal$/m);
    expect((await refused(2, 'history', 'web', '99')).stderr).toContain('there is no run "99"');
    for (const command of ['diff', 'sync', 'history', 'approve']) await refused(2, command, 'none');
    expect((await refused(1, 'approve', 'web')).stderr).toContain('no run of web waits for approval');
  });

  it('gives credentials to people, and looks at the machine', async () => {
    expect(parse(await ok('kubeconfig'))).toMatchObject({ kind: 'Config', clusters: [{}] });
    const viewer = await file('vera', await ok('kubeconfig', '--user', 'vera', '--group', 'plumbline:viewers'));
    expect((await ok('--kubeconfig', viewer, 'status')).length).toBeGreaterThan(0);
    expect((await refused(2, '--kubeconfig', viewer, 'sync', 'web')).stderr).toContain('vera');
    const nobody = await file('nobody', await ok('kubeconfig', '--user', 'nobody'));
    expect((await refused(2, '--kubeconfig', nobody, 'status')).stderr).toContain('"nobody" cannot list');
    const link = (await ok('login')).trim();
    expect(link).toMatch(new RegExp(`^http://(localhost|127\\.0\\.0\\.1):${product.ports[1]}/login\\?ticket=\\S+$`));
    expect((await fetch(link)).status).toBe(200);
    expect(await ok('doctor')).toMatch(/^ok +the API answers[\s\S]*^ok +node \S+ is Ready$/m);
    expect(await ok('version')).toMatch(/^Client: plumb \S+ .*\nServer: plumb \S+ \(Kubernetes API v1\.32/);
    expect((await refused(1, 'reset')).stderr).toContain('plumb reset --yes');
  });

  it('says with 2 that a server does not answer, or does not know the token', async () => {
    const config = await ok('kubeconfig');
    const nowhere = await file('nowhere', config.replace(/(https:\/\/[^:"]+):\d+/, '$1:1'));
    for (const words of [['status', '--check'], ['diff', 'web'], ['get', 'pods'], ['repo', 'list'], ['version']])
      expect((await refused(2, '--kubeconfig', nowhere, ...words)).stderr).toContain('ECONNREFUSED');
    expect(await ok('--kubeconfig', nowhere, 'version', '--client', '-o', 'json')).toContain('clientVersion');
    const stranger = await file('stranger', config.replace(/token: .*/, 'token: unknown'));
    expect((await refused(2, '--kubeconfig', stranger, 'status')).stderr).toContain('plumb kubeconfig');
  });

  // Installing one would start it for everybody: it is tried where it is there.
  describe.skipIf(!hasSshd)('with a repository behind SSH', () => {
    let ssh: GitSshServer;
    let fixture: GitFixture;
    beforeAll(async () => {
      fixture = await createGitFixture();
      await fixture.commit({ 'a.yaml': configMap('a') });
      ssh = await serveOverSsh();
    });
    afterAll(async () => {
      await ssh?.close();
      await fixture?.remove();
    });
    const add = (...args: readonly string[]) => ['repo', 'add', ssh.urlOf(fixture.path), ...args];

    it('shows the host key to compare, and stores nothing before somebody accepted it', async () => {
      expect((await plumb('repo', 'list')).stderr).toContain('plumb repo add');
      const shown = await refused(1, ...add('--ssh-key', ssh.key));
      expect(shown.stdout).toMatch(/^ {2}ssh-ed25519 SHA256:\S+$/m);
      expect(shown.stdout).toContain(ssh.fingerprint);
      expect(shown.stderr).toContain('--yes');
      const elsewhere = await refused(1, ...add('--ssh-key', ssh.key, '--known-hosts', ssh.wrongKnownHosts));
      expect(elsewhere.stderr).toMatch(/[Hh]ost key[\s\S]*Nothing was stored/);
      expect((await refused(1, ...add('--ssh-key', ssh.strangersKey, '--yes'))).stderr).toContain('Nothing was stored');
      expect((await refused(2, ...add('--ssh-key', path.join(folder, 'none'), '--yes'))).stderr).toContain('ENOENT');
      expect(await ok('repo', 'list')).toBe('');
    });

    it('stores the key, tells where webhooks are taken, follows the repository, and forgets the key', async () => {
      const secret = await file('hook-secret', 'x'.repeat(32));
      const added = await ok(...add('--ssh-key', ssh.key, '--yes', '--webhook-secret-file', secret));
      const name = /Stored as Secret argocd\/(repo-\S+)\./.exec(added)?.[1] ?? '';
      expect(added).toContain(`Webhook address: http://127.0.0.1:${product.ports[2]}/webhook/${name} `);
      const unsigned = await fetch(`http://127.0.0.1:${product.ports[2]}/webhook/${name}`, {
        method: 'POST',
        body: '{}',
      });
      expect(unsigned.status).toBe(401);
      const list = await ok('repo', 'list');
      expect(list).toMatch(/^REPOSITORY +HAS +SECRET$/m);
      expect(list).toMatch(new RegExp(`^ssh://\\S+ +sshPrivateKey, webhookSecret +${name}$`, 'm'));
      expect(added + list).not.toContain('PRIVATE KEY');
      await follow('over-ssh', ssh.urlOf(fixture.path));
      await product.untilTrue('over-ssh', await fixture.git('rev-parse', 'HEAD'));
      expect(await ok('get', 'cm', '-n', 'over-ssh', '-o', 'name')).toContain('configmap/a\n');
      await ok('repo', 'remove', ssh.urlOf(fixture.path));
      expect((await refused(1, 'repo', 'remove', ssh.urlOf(fixture.path))).stderr).toContain('plumb repo list');
    });
  });

  describe('with a repository behind a token', () => {
    let server: GitHttpServer;
    let fixture: GitFixture;
    beforeAll(async () => {
      fixture = await createGitFixture();
      await fixture.commit({ 'a.yaml': configMap('a'), 'b.yaml': configMap('b') });
      server = await serveOverHttp(fixture, { account: ACCOUNT });
    });
    afterAll(async () => {
      await server?.close();
      await fixture?.remove();
    });

    it('refuses a wrong token and stores the right one', async () => {
      const add = ['repo', 'add', server.url, '--username', ACCOUNT.username, '--token'];
      expect((await refused(1, ...add, await file('wrong', 'wrong-token\n'))).stderr).toContain('Nothing was stored');
      const added = await ok(...add, await file('token', `${ACCOUNT.password}\n`));
      expect(added).toContain('(1 branches, HEAD is main)');
      expect(await ok('repo', 'list')).toMatch(/^http:\S+ +token +repo-\S+$/m);
    });

    it('asks before it empties an Application, shows what would go, and goes on when told to', async () => {
      await follow('tokened', server.url);
      await product.untilTrue('tokened', await fixture.git('rev-parse', 'HEAD'));
      const empty = await fixture.commit({ 'a.yaml': null, 'b.yaml': null }, 'Empty it');
      await until('the run waits', async () => (await ok('status', 'tokened')).includes('PruneBlocked'));
      expect((await refused(1, 'status', '--check')).stdout).toMatch(/ PruneBlocked \(since \d+s\): /);
      expect((await refused(1, 'sync', 'tokened', '--wait')).stderr).toContain('plumb approve tokened --yes');
      const shown = await refused(1, 'approve', 'tokened');
      expect(shown.stdout).toMatch(
        new RegExp(`^Run \\S+ \\(${empty.slice(0, 7)} by Ada\\S*.*\\) would delete:\n( {2}.*\n)*$`),
      );
      for (const name of ['a', 'b']) expect(shown.stdout).toContain(`  ConfigMap tokened/${name}: `);
      expect(shown.stderr).toContain('plumb approve tokened --yes');
      const kept = await ok('get', 'cm', '-n', 'tokened', '-o', 'name');
      expect(kept).toContain('configmap/a\nconfigmap/b\n');
      expect((await plumb('approve', 'tokened', '--yes')).stderr).toContain('approved');
      await until(
        'the objects are gone',
        async () => !/configmap\/[ab]\n/.test((await plumb('get', 'cm', '-n', 'tokened', '-o', 'name')).stdout),
      );
      await product.untilTrue('tokened', empty);
      await ok('status', 'tokened', '--check');
      expect(await ok('history', 'tokened')).toMatch(/^1 .*Succeeded .*Empty it +2 pruned$/m);
    });
  });
});
