import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG_MAPS, DEPLOYMENTS, EVENTS, PODS } from '#api';
import { configMap, createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';

const deployment = (replicas: number | undefined, image = 'app:1') => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: site
spec:
${replicas === undefined ? '' : `  replicas: ${replicas}\n`}  selector:
    matchLabels: {app: site}
  template:
    metadata:
      labels: {app: site}
    spec:
      containers:
        - name: web
          image: ${image}
          resources:
            limits: {cpu: 1000m}
          ports: [{containerPort: 8080}]
`;

/** Of the file above. */
const lineOf = (text: string) =>
  deployment(3)
    .split('\n')
    .findIndex((line) => line.includes(text)) + 1;

const site = { kind: 'Deployment', group: 'apps', name: 'site' };
const at = { namespace: 'default', name: 'site' };

describe('src/sync: drift', () => {
  let bed: SyncBed;
  beforeEach(async () => {
    bed = await createSyncBed({ healthDeadlineMs: 500 });
  });
  afterEach(() => bed.close());

  const settle = async (name: string, commit: string) => {
    // No controllers here: nothing becomes healthy, so a run ends at its deadline and leaves Synced objects behind.
    await bed.until('every object is as Git says', async () => {
      const status = (await bed.application(name))?.status;
      return status?.sync?.status === 'Synced' && status.sync.revision === commit && status.run?.phase !== 'Running';
    });
  };

  it('sees no drift in a pod that admission gave an account and its token, and changes it all the same', async () => {
    const pod = (team: string) => `apiVersion: v1
kind: Pod
metadata:
  name: tool
  labels: {team: ${team}}
spec:
  volumes: [{name: own, emptyDir: {}}]
  containers:
    - name: main
      image: app:1
      volumeMounts: [{name: own, mountPath: /own}]
`;
    const pass = async (name: string) =>
      (await bed.application(name))?.status?.resources?.map(({ kind, status }) => `${kind} ${status}`);
    const live = async () => await bed.client.get(PODS, { namespace: 'default', name: 'tool' });
    const first = await bed.repo.commit({ 'web/tool.yaml': pod('red') });
    await bed.apply('web');
    await settle('web', first);
    const made = await live();
    expect(made?.spec.volumes?.map(({ name }) => name.replace(/-.{5}$/, ''))).toEqual(['own', 'kube-api-access']);
    expect(made?.spec.containers[0]?.volumeMounts).toHaveLength(2);
    expect(await pass('web')).toEqual(['Pod Synced']);
    const second = await bed.repo.commit({ 'web/tool.yaml': pod('blue') });
    await settle('web', second);
    const changed = await live();
    expect(changed?.metadata).toMatchObject({ uid: made?.metadata.uid, labels: { team: 'blue' } });
    expect(changed?.spec.volumes).toEqual(made?.spec.volumes);
    expect(await pass('web')).toEqual(['Pod Synced']);
  });

  it('undoes nothing that was changed between plan and write without writing it down', async () => {
    await bed.close();
    let interfere = false;
    bed = await createSyncBed({
      beforeApply: async ({ kind }) => {
        if (!interfere || kind !== 'ConfigMap') return;
        interfere = false;
        const body = { data: { b: 'of ada' } };
        await bed.as('ada', 'kubectl').patch(CONFIG_MAPS, { namespace: 'default', name: 'c' }, { type: 'merge', body });
      },
    });
    const first = await bed.repo.commit({ 'web/c.yaml': configMap('c', { a: '1', b: '1' }) });
    await bed.apply('web');
    await bed.synced('web', first);
    interfere = true;
    const second = await bed.repo.commit({ 'web/c.yaml': configMap('c', { a: '2', b: '1' }) });
    await bed.synced('web', second);
    expect((await bed.get({ kind: 'ConfigMap', name: 'c' }))?.['data']).toEqual({ a: '2', b: '1' });
    const told = (await bed.runs('web')).at(-1)?.status?.results;
    expect(told).toMatchObject([{ name: 'c', action: 'configured' }]);
    expect(told?.[0]?.message).toBe('also put back what was changed meanwhile: data.b (ada)');
  });

  const makeReady = async () => {
    const live = await bed.client.get(DEPLOYMENTS, at);
    const replicas = live?.spec.replicas ?? 1;
    await bed.as('system:plumbline:controllers', 'plumbline-controllers').update(
      DEPLOYMENTS,
      {
        ...(live as NonNullable<typeof live>),
        status: {
          observedGeneration: live?.metadata.generation,
          replicas,
          updatedReplicas: replicas,
          availableReplicas: replicas,
          readyReplicas: replicas,
        },
      } as never,
      { subresource: 'status' },
    );
  };

  const started = async (spec: Parameters<SyncBed['apply']>[1] = {}, file = deployment(3)) => {
    const commit = await bed.repo.commit({ 'web/site.yaml': file });
    await bed.apply('web', spec);
    await bed.until('the Deployment is there', () => bed.get(site));
    await makeReady();
    await settle('web', commit);
    return commit;
  };

  const healed = (run: number) =>
    bed.until('a heal is recorded', async () => {
      const runs = (await bed.runs('web')).filter(({ spec }) => spec.trigger === 'self-heal');
      return runs[run]?.status?.phase === 'Succeeded' || runs[run]?.status?.phase === 'Running' ? runs[run] : undefined;
    });

  it('finds no drift in what it has just applied, whatever the spelling', async () => {
    await started();
    const runs = await bed.runs('web');
    expect(runs).toHaveLength(1);
    expect((await bed.application('web'))?.status?.resources?.[0]?.drift).toBeUndefined();
  });

  it('reverts a kubectl scale and an env added by kubectl edit, and tells who, when, which field and which line', async () => {
    await started();
    await bed
      .as('bob', 'kubectl')
      .update(
        DEPLOYMENTS,
        { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: at, spec: { replicas: 7 } },
        { subresource: 'scale', fieldManager: 'kubectl' },
      );
    const first = await healed(0);
    expect(first.spec.plan).toMatchObject([
      {
        action: 'configure',
        origin: { path: 'web/site.yaml', line: 1 },
        fields: [
          {
            path: 'spec.replicas',
            desired: 3,
            live: 7,
            manager: 'kubectl',
            user: 'bob',
            time: expect.any(String),
            line: lineOf('replicas: 3'),
          },
        ],
      },
    ]);
    await bed.until('three replicas again', async () => (await bed.client.get(DEPLOYMENTS, at))?.spec.replicas === 3);

    await bed.as('eve', 'kubectl').patch(
      DEPLOYMENTS,
      at,
      {
        type: 'strategic',
        body: {
          spec: { template: { spec: { containers: [{ name: 'web', env: [{ name: 'DEBUG', value: '1' }] }] } } },
        },
      },
      { fieldManager: 'kubectl-edit' },
    );
    const second = await healed(1);
    const field = second.spec.plan[0]?.fields?.[0];
    expect(field).toMatchObject({ manager: 'kubectl-edit', user: 'eve' });
    expect(field?.path).toContain('env');
    // Git does not have it: the container that it was put into is the nearest thing that Git has.
    expect(field?.line).toBe(lineOf('- name: web'));
    await bed.until('the env is gone', async () => {
      const live = await bed.client.get(DEPLOYMENTS, at);
      return live?.spec.template.spec?.containers[0]?.env === undefined;
    });
  });

  it('only shows drift where self-heal is off', async () => {
    await started({ syncPolicy: { automated: { prune: true } } });
    await bed.as('bob', 'kubectl').patch(DEPLOYMENTS, at, { type: 'merge', body: { spec: { replicas: 5 } } });
    const application = await bed.until('the drift is shown', async () => {
      const found = await bed.application('web');
      return found?.status?.resources?.[0]?.drift !== undefined && found;
    });
    expect(application.status).toMatchObject({
      sync: { status: 'OutOfSync' },
      resources: [
        {
          name: 'site',
          status: 'OutOfSync',
          origin: { path: 'web/site.yaml', line: 1 },
          drift: [{ path: 'spec.replicas', desired: 3, live: 5, user: 'bob', line: lineOf('replicas: 3') }],
        },
      ],
    });
    expect((await bed.client.get(DEPLOYMENTS, at))?.spec.replicas).toBe(5);
    expect(await bed.runs('web')).toHaveLength(1);
    // A commit that only moves the line makes no run, and yet the line that is told is the new one.
    await bed.repo.commit({ 'web/site.yaml': `# A comment.\n${deployment(3)}` });
    await bed.until('the new line is told', async () => {
      const drift = (await bed.application('web'))?.status?.resources?.[0]?.drift;
      return drift?.[0]?.line === lineOf('replicas: 3') + 1;
    });
    expect(await bed.runs('web')).toHaveLength(1);
  });

  it('points at the field that the API refuses, in what is new and in what is there', async () => {
    const file = deployment(3).replace('containerPort: 8080', 'containerPort: 808080');
    await bed.repo.commit({ 'web/site.yaml': file });
    await bed.apply('web');
    const failed = () =>
      bed.until('the run has failed', async () => {
        const run = (await bed.runs('web')).at(-1);
        return run?.status?.phase === 'Failed' && run.status.results?.filter(({ action }) => action === 'failed');
      });
    expect(await failed()).toMatchObject([{ origin: { path: 'web/site.yaml', line: lineOf('containerPort') } }]);
    await settle('web', await bed.repo.commit({ 'web/site.yaml': deployment(3) }));
    await bed.repo.commit({ 'web/site.yaml': file });
    await bed.until('the Application tells the line too', async () => {
      const conditions = (await bed.application('web'))?.status?.conditions ?? [];
      return conditions.some(({ message }) => message?.startsWith(`web/site.yaml:${lineOf('containerPort')}: `));
    });
    expect(await failed()).toMatchObject([{ origin: { path: 'web/site.yaml', line: lineOf('containerPort') } }]);
  });

  it('brings back what was deleted', async () => {
    await started();
    const before = await bed.get(site);
    await bed.as('bob', 'kubectl').delete(DEPLOYMENTS, at);
    await bed.until('another one is there', async () => {
      const live = await bed.get(site);
      return live !== undefined && live.metadata.uid !== before?.metadata.uid;
    });
    expect((await bed.runs('web')).at(-1)?.spec.trigger).toBe('self-heal');
  });

  it('leaves ignored fields alone, in diff, apply and heal', async () => {
    const ignoreDifferences = [{ group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'] }];
    await started({ ignoreDifferences });
    await bed.as('bob', 'kubectl').patch(DEPLOYMENTS, at, { type: 'merge', body: { spec: { replicas: 5 } } });
    const commit = await bed.repo.commit({ 'web/site.yaml': deployment(3, 'app:2') });
    await bed.until('the new image is applied', async () => {
      return (await bed.client.get(DEPLOYMENTS, at))?.spec.template.spec?.containers[0]?.image === 'app:2';
    });
    await makeReady();
    await settle('web', commit);
    expect((await bed.client.get(DEPLOYMENTS, at))?.spec.replicas).toBe(5);
  });

  it('never shows the value of a Secret', async () => {
    const secret = (value: string) =>
      `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: ${value}}\n`;
    await bed.repo.commit({ 'web/s.yaml': secret('canary-one') });
    await bed.apply('web', { syncPolicy: {} });
    await bed.until(
      'it is shown as missing',
      async () => (await bed.application('web'))?.status?.sync?.status === 'OutOfSync',
    );
    await bed.apply('web', { syncPolicy: { automated: {} } });
    await bed.until('it is there', () => bed.get({ kind: 'Secret', name: 's' }));
    const commit = await bed.repo.commit({ 'web/s.yaml': secret('canary-two') });
    await bed.synced('web', commit);
    const told = JSON.stringify([
      await bed.application('web'),
      await bed.runs('web'),
      (await bed.client.list(EVENTS)).items,
    ]);
    expect(told).not.toMatch(/canary|Y2FuYXJ5/);
    expect(told).toContain('data.password');
  });

  it('does not run again for a commit that changes nothing it renders', async () => {
    await bed.repo.commit({ 'web/a.yaml': configMap('a') });
    await bed.apply('web');
    await bed.until('it is there', () => bed.get({ kind: 'ConfigMap', name: 'a' }));
    const before = await bed.get({ kind: 'ConfigMap', name: 'a' });
    const commit = await bed.repo.commit({ 'README.md': 'words', 'web/a.yaml': `# a comment\n${configMap('a')}` });
    const application = await bed.synced('web', commit);
    expect(application.status?.resources?.[0]?.origin).toEqual({ path: 'web/a.yaml', line: 2, commit });
    expect(await bed.runs('web')).toHaveLength(1);
    expect((await bed.get({ kind: 'ConfigMap', name: 'a' }))?.metadata.resourceVersion).toBe(
      before?.metadata.resourceVersion,
    );
  });
});
