import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  APPLICATIONS,
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  DEPLOYMENTS,
  EVENTS,
  NAMESPACES,
  NODES,
  PODS,
  PRIORITY_CLASSES,
  type ResourceType,
  SECRETS,
  type StoredObject,
} from '#api';
import type { HttpClient } from '#client';
import { type ApiServer, startApiServer } from '../../../test/support/api-server.ts';
import { definitionObject } from '../../../test/support/definitions.ts';
import { createKubectl, findKubectl } from '../../../test/support/kubectl.ts';
import { until } from '../../../test/support/until.ts';
import { main } from '../program.ts';
import { version } from '../version.ts';

const kubectlPath = findKubectl('1.32');
const labels = { app: 'web' };

describe('src/cli/commands on a real API server', () => {
  let server: ApiServer;
  let client: HttpClient;
  let kubeconfig: string;

  async function plumb(...args: readonly string[]) {
    const [written, noted]: [string[], string[]] = [[], []];
    const code = await main(['--kubeconfig', kubeconfig, ...args], {
      write: (text) => written.push(`${text}\n`),
      note: (text) => noted.push(`${text}\n`),
    });
    return { code, written: written.join(''), noted: noted.join('') };
  }
  const create = <T extends StoredObject>(resource: ResourceType<T>, metadata: object, body: object = {}) => {
    const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
    return client.create(resource, { apiVersion, kind: resource.kind, metadata, ...body } as never);
  };

  beforeAll(async () => {
    server = await startApiServer();
    client = await server.client({ name: 'admin', groups: ['system:masters'] });
    kubeconfig = await server.kubeconfig({ name: 'admin', groups: ['system:masters'] });
    await create(NAMESPACES, { name: 'other' });
    for (const name of ['here', 'there'])
      await create(
        CONFIG_MAPS,
        { name, namespace: 'default', ...(name === 'here' ? { labels } : {}) },
        { data: { a: '1' } },
      );
    await create(CONFIG_MAPS, { name: 'afar', namespace: 'other', labels }, {});
    await create(SECRETS, { name: 'keys', namespace: 'default' }, { stringData: { key: 'canary' } });
    await create(
      DEPLOYMENTS,
      { name: 'web', namespace: 'default', labels },
      {
        spec: {
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'sample:1' }] } },
        },
      },
    );
  });
  afterAll(() => server.close());

  describe('get', () => {
    it('looks in the namespace default, in the one named, or in all', async () => {
      const names = async (...args: readonly string[]) =>
        (await plumb('get', 'cm', ...args)).written
          .split('\n')
          .slice(1, -1)
          .map((line) => line.split(/ +/)[0]);
      expect(await names()).toEqual(expect.arrayContaining(['here', 'there']));
      expect(await names()).not.toContain('afar');
      expect(await names('-n', 'other')).toEqual(['afar']);
      const { written } = await plumb('get', 'cm', '-A');
      expect(written).toMatch(/^NAMESPACE +NAME +DATA +AGE\n/);
      expect(written).toMatch(/^other +afar /m);
      expect(written).toMatch(/^default +here /m);
    });

    it('knows the kinds that definitions add', async () => {
      await client.create(CUSTOM_RESOURCE_DEFINITIONS, definitionObject({ names: { shortNames: ['ct'] } }));
      const kind = {
        group: 'stable.example.com',
        version: 'v1',
        kind: 'CronTab',
        plural: 'crontabs',
        namespaced: true,
      };
      await until('the kind is served', () =>
        create(kind, { name: 'nightly', namespace: 'default' }, { spec: { image: 'a' } }),
      );
      expect((await plumb('get', 'ct')).written).toMatch(/^NAME +AGE\nnightly +\d+s\n$/);
      expect((await plumb('get', 'crontabs.stable.example.com', '-o', 'name')).written).toBe(
        'crontab.stable.example.com/nightly\n',
      );
      expect((await plumb('describe', 'crontab', 'nightly')).written).toContain('nightly');
      expect(await plumb('get', 'crontab', 'none')).toMatchObject({
        code: 1,
        noted: expect.stringContaining('crontabs.stable.example.com "none" not found'),
      });
    });

    it('chooses by label', async () => {
      const { written } = await plumb('get', 'cm', '-A', '-l', 'app=web', '-o', 'name');
      expect(written).toBe('configmap/here\nconfigmap/afar\n');
      expect((await plumb('get', 'cm', '-l', 'app=none')).noted).toBe('No resources found in default namespace.\n');
    });

    it.each([
      ['json', (text: string): unknown => JSON.parse(text)],
      ['yaml', (text: string): unknown => parse(text)],
    ])('prints %s as kubectl does', async (form, read) => {
      const one = await plumb('get', 'deploy', 'web', '-o', form);
      expect(one.code).toBe(0);
      const object = read(one.written) as StoredObject;
      expect(object).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 1 } });
      expect(object.metadata.managedFields).toBeUndefined();
      const list = read((await plumb('get', 'cm', '-A', '-l', 'app=web', '-o', form)).written);
      expect(list).toMatchObject({
        apiVersion: 'v1',
        kind: 'List',
        items: [{ kind: 'ConfigMap', metadata: { name: 'here' } }, { metadata: { name: 'afar' } }],
      });
    });

    it.skipIf(kubectlPath === undefined)(
      'agrees with kubectl to the letter, but for the blanks of tables',
      async () => {
        const kubectl = createKubectl(kubectlPath ?? '', kubeconfig, path.join(server.directory, 'cache'));
        const squeezed = (text: string) => text.replaceAll(/ +/g, ' ').replaceAll(/\b\d+s\b/g, 'AGE');
        for (const args of [
          ['get', 'deploy'],
          ['get', 'deploy', 'web', '-o', 'wide'],
          ['get', 'cm', '-A'],
          ['get', 'deploy', '-o', 'name'],
          ['get', 'deploy', 'web', '-o', 'json'],
          ['get', 'deploy', 'web', '-o', 'yaml'],
          ['get', 'cm', '-o', 'yaml'],
          ['get', 'cm', 'none'],
          ['get', 'deploy', 'none', '-n', 'other'],
        ]) {
          const [ours, theirs] = await Promise.all([plumb(...args), kubectl(args)]);
          expect(squeezed(ours.written), args.join(' ')).toBe(squeezed(theirs.stdout));
          expect(ours.noted.split('\n')[0], args.join(' ')).toBe(theirs.stderr.trimEnd());
          expect(ours.code).toBe(theirs.code);
        }
      },
    );

    it.each([
      ['an unknown form', ['get', 'cm', '-o', 'jsonpath'], 'Allowed choices are wide, yaml, json, name'],
      ['a name in every namespace', ['get', 'cm', 'here', '-A'], 'cannot be retrieved by name across all namespaces'],
      ['a name and a selector', ['get', 'cm', 'here', '-l', 'app=web'], 'together with a selector'],
    ])('refuses %s with 2', async (_what, args, words) => {
      const { code, written, noted } = await plumb(...args);
      expect([code, written]).toEqual([2, '']);
      expect(noted).toContain(words);
    });
  });

  it.each([
    ['get', 'pod', 'none'],
    ['describe', 'pod', 'none'],
    ['logs', 'none'],
  ])('misses a pod in kubectl’s words, with 1: %s', async (...args) => {
    const { code, written, noted } = await plumb(...args);
    expect([code, written]).toEqual([1, '']);
    expect(noted).toMatch(/^Error from server \(NotFound\): pods "none" not found\n/);
    expect(noted).toContain('-A looks in every namespace');
  });

  it('describes in kubectl’s order, with the events, and no secrets', async () => {
    await create(
      EVENTS,
      { name: 'web.1', namespace: 'default' },
      {
        involvedObject: { kind: 'Deployment', name: 'web', namespace: 'default' },
        type: 'Normal',
        reason: 'Scaled',
        message: 'up',
        count: 3,
        source: { component: 'deployment-controller' },
        firstTimestamp: new Date(Date.now() - 3_600_000).toISOString().replace(/\..*/, 'Z'),
        lastTimestamp: new Date(Date.now() - 60_000).toISOString().replace(/\..*/, 'Z'),
      },
    );
    const { code, written } = await plumb('describe', 'deploy', 'web');
    expect(code).toBe(0);
    expect(written).toMatch(
      /^Name: +web\nNamespace: +default\nLabels: +app=web\nAnnotations: +<none>\nAPI Version: +apps\/v1\nKind: +Deployment\nmetadata:\n[\s\S]*\nspec:\n[\s\S]*\nEvents:\n {2}Type +Reason +Age +From +Message\n {2}---- +------ [\s\S]*/,
    );
    expect(written).toMatch(/^ {2}Normal +Scaled +6\ds \(x3 over 60m\) +deployment-controller +up$/m);
    const secret = await plumb('describe', 'secret', 'keys');
    expect(secret.written).toContain('key: 6 bytes');
    expect(secret.written).not.toMatch(/canary|Y2FuYXJ5/);
    expect(secret.written).toContain('Events:  <none>');
  });

  it('tells both versions, in words and for scripts', async () => {
    expect((await plumb('version')).written).toMatch(
      /^Client: plumb \S+ \(Node v\d+\.\S+, \S+\)\nServer: plumb 0\.0\.0-test \(Kubernetes API v1\.32\.0, \S+\)\n$/,
    );
    const { written } = await plumb('version', '-o', 'json');
    expect(JSON.parse(written)).toEqual({
      clientVersion: { version, node: process.version, platform: expect.any(String) },
      serverVersion: { version: '0.0.0-test', kubernetes: 'v1.32.0', platform: expect.any(String) },
    });
    const client = await plumb('version', '--client', '-o', 'yaml');
    expect(Object.keys(parse(client.written))).toEqual(['clientVersion']);
  });

  it('tells its own version, and that the server is silent, with 2; with --client, 0', async () => {
    const gone = await startApiServer();
    const file = await gone.kubeconfig({ name: 'admin', groups: ['system:masters'] });
    const copy = path.join(server.directory, 'gone');
    await copyFile(file, copy);
    await gone.close();
    const silent = await plumb('--kubeconfig', copy, 'version');
    expect(silent.code).toBe(2);
    expect(silent.written).toMatch(/^Client: plumb [^\n]*\n$/);
    expect(silent.noted).toMatch(/^Server: not reachable: https:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/);
    expect((await plumb('--kubeconfig', copy, 'version', '--client')).code).toBe(0);
    const status = await plumb('--kubeconfig', copy, 'status', '--check');
    expect(status.code).toBe(2);
    expect(status.noted).toContain('Is the control plane running?');
  });

  it('says that no credentials are stored, and how to add some', async () => {
    const { code, written, noted } = await plumb('repo', 'list');
    expect([code, written]).toEqual([0, '']);
    expect(noted).toContain('plumb repo add');
  });

  describe('explain', () => {
    it('tells why a pod has no node, node by node, and who may go for it', async () => {
      const node = (name: string, taints: object[] = []) =>
        create(
          NODES,
          { name },
          {
            spec: { taints },
            status: { allocatable: { cpu: '1', pods: '9' }, conditions: [{ type: 'Ready', status: 'True' }] },
          },
        );
      await node('explain-a');
      await node('explain-b', [{ key: 'k', effect: 'NoSchedule' }]);
      await create(PRIORITY_CLASSES, { name: 'high' }, { value: 1000 });
      const pod = (name: string, spec: object) => {
        const containers = [{ name: 'main', image: 'sample:1', resources: { requests: { cpu: '1' } } }];
        return create(PODS, { name, namespace: 'other' }, { spec: { containers, ...spec } });
      };
      await pod('holder', { nodeName: 'explain-a' });
      await pod('waiting', {});
      const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no\u001broom' }];
      const key = { namespace: 'other', name: 'waiting' };
      await client.patch(PODS, key, { type: 'strategic', body: { status: { conditions } } }, { subresource: 'status' });
      const { code, written } = await plumb('explain', 'waiting', '-n', 'other');
      expect([code, written]).toEqual([0, expect.stringContaining('The scheduler said: Unschedulable: no\\u001broom')]);
      expect(written).toContain('As things stand now: 0/');
      expect(written).toMatch(/^explain-a +if others left +Insufficient cpu$/m);
      expect(written).toMatch(/^explain-b +no +node\(s\) had untolerated taint \{k: \}$/m);
      await pod('high', { priorityClassName: 'high' });
      expect((await plumb('explain', 'high', '-n', 'other')).written).toContain(
        'It may take the room of pod other/holder.',
      );
      expect((await plumb('explain', 'none', '-n', 'other')).code).toBe(1);
    });
  });

  describe('status', () => {
    const setStatus = (name: string, status: object) =>
      client.patch(
        APPLICATIONS,
        { namespace: 'argocd', name },
        { type: 'merge', body: { status } as never },
        { subresource: 'status' },
      );
    const good = {
      sync: { status: 'Synced', revision: '0123456789abcdef0123456789abcdef01234567' },
      health: { status: 'Healthy' },
    };

    beforeAll(async () => {
      expect((await plumb('status', '--check')).noted).toContain('There are no Applications yet');
      await create(NODES, { name: 'node-1' });
      await client.patch(
        NODES,
        { name: 'node-1' },
        { type: 'merge', body: { status: { conditions: [{ type: 'Ready', status: 'True' }] } } },
        { subresource: 'status' },
      );
      await create(
        APPLICATIONS,
        { name: 'web', namespace: 'argocd' },
        {
          spec: {
            project: 'default',
            source: { repoURL: 'https://git.example.com/a.git', path: '.' },
            destination: { name: 'in-cluster', namespace: 'default' },
          },
        },
      );
    });

    it('ends with 0 when all hangs true', async () => {
      await setStatus('web', good);
      expect(await plumb('status', '--check')).toEqual({
        code: 0,
        noted: '',
        written: expect.stringMatching(
          /^APPLICATION +SYNC +HEALTH +COMMIT +LAST RUN\nweb +Synced +Healthy +0123456 +-\n$/,
        ),
      });
    });

    it.each([
      ['OutOfSync', { sync: { status: 'OutOfSync' } }],
      ['Degraded', { health: { status: 'Degraded' } }],
      ['Unknown', { sync: { status: 'Unknown' } }],
    ])('ends with 1 under --check, and with 0 without it, when it is %s', async (word, part) => {
      await setStatus('web', { ...good, ...part });
      const checked = await plumb('status', '--check');
      expect(checked.written).toContain(word);
      expect(checked.code).toBe(1);
      expect((await plumb('status')).code).toBe(0);
      await setStatus('web', good);
    });

    it('tells since when a condition holds, and how bad it is', async () => {
      const lastTransitionTime = new Date(Date.now() - 600_000).toISOString().replace(/\..*/, 'Z');
      const condition = { status: 'True', reason: 'x', message: 'see there', lastTransitionTime };
      await setStatus('web', {
        ...good,
        conditions: [
          { ...condition, type: 'RepositoryUnreachable' },
          { ...condition, type: 'UnsupportedFields' },
          { ...condition, type: 'SyncError', status: 'False' },
        ],
      });
      const { written } = await plumb('status', 'web');
      expect(written).toContain(
        '\nweb\n  error RepositoryUnreachable (since 10m): see there\n  warn UnsupportedFields (since 10m): see there\n',
      );
      expect(written).not.toContain('SyncError');
      await setStatus('web', { ...good, conditions: null });
    });

    it('says why the pods of what is not healthy do not run, and what to do', async () => {
      await create(
        PODS,
        { name: 'web-1', namespace: 'default' },
        { spec: { containers: [{ name: 'main', image: 'none:1' }] } },
      );
      await client.patch(
        PODS,
        { namespace: 'default', name: 'web-1' },
        {
          type: 'merge',
          body: {
            status: {
              containerStatuses: [
                {
                  ...{ name: 'main', image: 'none:1', imageID: '', ready: false, restartCount: 0 },
                  state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "none:1"' } },
                },
              ],
            },
          },
        },
        { subresource: 'status' },
      );
      const resource = { group: '', version: 'v1', kind: 'Pod', namespace: 'default', name: 'web-1', status: 'Synced' };
      await setStatus('web', {
        ...good,
        health: { status: 'Progressing' },
        resources: [{ ...resource, health: { status: 'Progressing', message: 'The pod is pending' } }],
      });
      const { written } = await plumb('status');
      expect(written).toContain(
        '  Progressing Pod default/web-1: The pod is pending\n' +
          '      error pod web-1, container main: ImagePullBackOff: Back-off pulling image "none:1"\n' +
          '            Is the name right, and may this node pull it?',
      );
    });
  });
});
