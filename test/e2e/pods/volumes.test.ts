/**
 * Official tests of what is mounted into containers. Source: kubernetes test/e2e/common/storage: configmap_volume.go,
 * downwardapi_volume.go, empty_dir.go, projected_combined.go, projected_configmap.go, projected_secret.go,
 * secrets_volume.go; test/e2e/storage: empty_dir_wrapper.go, subpath.go (v1.32).
 */
import { afterAll, beforeAll, expect } from 'vitest';
import { CONFIG_MAPS, PODS, SECRETS } from '#api';
import { type DockerBed, official, prints, startDockerBed } from '../../conformance/support/docker-bed.ts';
import type { Body } from '../../conformance/support/resource.ts';
import { STAND_IN_IMAGE } from '../../support/stand-in.ts';
import { until } from '../../support/until.ts';

let bed: DockerBed;
beforeAll(async () => {
  bed = await startDockerBed();
});
afterAll(() => bed.close());

const shows = (
  codename: string,
  prepare: (namespace: string) => Promise<Body> | Body,
  expected: readonly (string | RegExp)[],
) => prints(() => bed, codename, prepare, expected);

const DATA = { 'data-1': 'value-1', 'data-2': 'value-2', 'data-3': 'value-3' };
const encoded = (data: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, btoa(value)]));

/** Makes a ConfigMap or a Secret with the same three values. */
const make = async (kind: 'configMap' | 'secret', namespace: string, name = 'words') => {
  if (kind === 'configMap') await bed.of(CONFIG_MAPS, namespace).create({ metadata: { name }, data: DATA });
  else await bed.of(SECRETS, namespace).create({ metadata: { name }, data: encoded(DATA) });
};

interface Mounted {
  readonly volume: object;
  readonly args: readonly string[];
  readonly container?: object;
  readonly spec?: object;
}

/** A pod that runs the mounttest of agnhost once over one volume at /mnt/volume. */
const testing = ({ volume, args, container = {}, spec = {} }: Mounted): Body => ({
  metadata: { name: 'once', labels: { foo: 'bar' }, annotations: { builder: 'bar' } },
  spec: {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'main',
        image: STAND_IN_IMAGE,
        args: ['mounttest', ...args],
        volumeMounts: [{ name: 'volume', mountPath: '/mnt/volume' }],
        ...container,
      },
    ],
    volumes: [{ name: 'volume', ...volume }],
    ...spec,
  },
});
const content = (key: string) => `--file_content=/mnt/volume/${key}`;
const mode = (key: string) => `--file_mode=/mnt/volume/${key}`;
const contentOf = (key: string, value: string) => `content of file "/mnt/volume/${key}": ${value}\n`;
const modeOf = (key: string, value: string) => `mode of file "/mnt/volume/${key}": ${value}\n`;
const nonRoot = { securityContext: { runAsUser: 1000 } };
const MAPPED = [{ key: 'data-2', path: 'path/to/data-2' }];
const READ_BY_OWNER = 0o400;

/** The volume of one ConfigMap or Secret, as such or within a projected one. */
const volumeOf = {
  configMap: (more: object = {}) => ({ configMap: { name: 'words', ...more } }),
  secret: (more: object = {}) => ({ secret: { secretName: 'words', ...more } }),
  projectedConfigMap: (more: object = {}) => ({ projected: { sources: [{ configMap: { name: 'words', ...more } }] } }),
  projectedSecret: (more: object = {}) => ({ projected: { sources: [{ secret: { name: 'words', ...more } }] } }),
};

shows(
  '[sig-storage] ConfigMap should be consumable from pods in volume [NodeConformance] [Conformance]',
  async (namespace) => {
    await make('configMap', namespace);
    return testing({ volume: volumeOf.configMap(), args: [content('data-1'), mode('data-1')] });
  },
  [contentOf('data-1', 'value-1'), modeOf('data-1', '-rw-r--r--')],
);

shows(
  '[sig-storage] ConfigMap should be consumable from pods in volume as non-root [NodeConformance] [Conformance]',
  async (namespace) => {
    await make('configMap', namespace);
    return testing({ volume: volumeOf.configMap(), args: [content('data-1')], spec: nonRoot });
  },
  [contentOf('data-1', 'value-1')],
);

shows(
  '[sig-storage] ConfigMap should be consumable from pods in volume with defaultMode set [LinuxOnly] [NodeConformance] [Conformance]',
  async (namespace) => {
    await make('configMap', namespace);
    const volume = volumeOf.configMap({ defaultMode: READ_BY_OWNER });
    return testing({ volume, args: [content('data-1'), mode('data-1')] });
  },
  [contentOf('data-1', 'value-1'), modeOf('data-1', '-r--------')],
);

shows(
  '[sig-storage] ConfigMap should be consumable from pods in volume with mappings [NodeConformance] [Conformance]',
  async (namespace) => {
    await make('configMap', namespace);
    return testing({ volume: volumeOf.configMap({ items: MAPPED }), args: [content('path/to/data-2')] });
  },
  [contentOf('path/to/data-2', 'value-2')],
);

shows(
  '[sig-storage] ConfigMap should be consumable from pods in volume with mappings and Item mode set [LinuxOnly] [NodeConformance] [Conformance]',
  async (namespace) => {
    await make('configMap', namespace);
    const volume = volumeOf.configMap({ items: MAPPED.map((item) => ({ ...item, mode: READ_BY_OWNER })) });
    return testing({ volume, args: [content('path/to/data-2'), mode('path/to/data-2')] });
  },
  [contentOf('path/to/data-2', 'value-2'), modeOf('path/to/data-2', '-r--------')],
);

shows(
  '[sig-storage] Secrets should be consumable from pods in volume [NodeConformance] [Conformance]',
  async (namespace) => {
    await make('secret', namespace);
    return testing({ volume: volumeOf.secret(), args: [content('data-1'), mode('data-1')] });
  },
  [contentOf('data-1', 'value-1'), modeOf('data-1', '-rw-r--r--')],
);

shows(
  '[sig-storage] Secrets should be consumable from pods in volume with defaultMode set [LinuxOnly] [NodeConformance] [Conformance]',
  async (namespace) => {
    await make('secret', namespace);
    const volume = volumeOf.secret({ defaultMode: READ_BY_OWNER });
    return testing({ volume, args: [content('data-1'), mode('data-1')] });
  },
  [contentOf('data-1', 'value-1'), modeOf('data-1', '-r--------')],
);

shows(
  '[sig-storage] Secrets should be consumable from pods in volume as non-root with defaultMode and fsGroup set [LinuxOnly] [NodeConformance] [Conformance]',
  async (namespace) => {
    await make('secret', namespace);
    const volume = volumeOf.secret({ defaultMode: 0o440 });
    const spec = { securityContext: { runAsUser: 1000, fsGroup: 1001 } };
    return testing({ volume, args: [content('data-1'), mode('data-1')], spec });
  },
  [contentOf('data-1', 'value-1'), modeOf('data-1', '-r--r-----')],
);

shows(
  '[sig-storage] Secrets should be consumable from pods in volume with mappings [NodeConformance] [Conformance]',
  async (namespace) => {
    await make('secret', namespace);
    return testing({ volume: volumeOf.secret({ items: MAPPED }), args: [content('path/to/data-2')] });
  },
  [contentOf('path/to/data-2', 'value-2')],
);

shows(
  '[sig-storage] Secrets should be consumable from pods in volume with mappings and Item Mode set [LinuxOnly] [NodeConformance] [Conformance]',
  async (namespace) => {
    await make('secret', namespace);
    const volume = volumeOf.secret({ items: MAPPED.map((item) => ({ ...item, mode: READ_BY_OWNER })) });
    return testing({ volume, args: [content('path/to/data-2'), mode('path/to/data-2')] });
  },
  [contentOf('path/to/data-2', 'value-2'), modeOf('path/to/data-2', '-r--------')],
);

shows(
  '[sig-storage] Secrets should be able to mount in a volume regardless of a different secret existing with same name in different namespace [NodeConformance] [Conformance]',
  async (namespace) => {
    await make('secret', namespace);
    const other = await bed.namespace('other');
    await bed
      .of(SECRETS, other)
      .create({ metadata: { name: 'words' }, data: encoded({ 'data-1': 'this should not show' }) });
    return testing({ volume: volumeOf.secret(), args: [content('data-1'), mode('data-1')] });
  },
  [contentOf('data-1', 'value-1'), modeOf('data-1', '-rw-r--r--')],
);

/** The same ConfigMap or Secret twice in one pod. */
const twice = (volume: object): Body =>
  testing({
    volume,
    args: [content('data-1'), '--file_content=/mnt/second/data-1'],
    container: {
      volumeMounts: [
        { name: 'volume', mountPath: '/mnt/volume', readOnly: true },
        { name: 'second', mountPath: '/mnt/second', readOnly: true },
      ],
    },
    spec: {
      volumes: [
        { name: 'volume', ...volume },
        { name: 'second', ...volume },
      ],
    },
  });
const TWICE = [contentOf('data-1', 'value-1'), 'content of file "/mnt/second/data-1": value-1\n'];

shows(
  '[sig-storage] ConfigMap should be consumable in multiple volumes in the same pod [NodeConformance] [Conformance]',
  async (namespace) => {
    await make('configMap', namespace);
    return twice(volumeOf.configMap());
  },
  TWICE,
);

shows(
  '[sig-storage] Secrets should be consumable in multiple volumes in a pod [NodeConformance] [Conformance]',
  async (namespace) => {
    await make('secret', namespace);
    return twice(volumeOf.secret());
  },
  TWICE,
);

shows(
  '[sig-storage] Projected configMap should be consumable from pods in volume [NodeConformance] [Conformance]',
  async (namespace) => {
    await make('configMap', namespace);
    return testing({ volume: volumeOf.projectedConfigMap(), args: [content('data-1')] });
  },
  [contentOf('data-1', 'value-1')],
);

shows(
  '[sig-storage] Projected secret should be consumable from pods in volume with mappings [NodeConformance] [Conformance]',
  async (namespace) => {
    await make('secret', namespace);
    return testing({ volume: volumeOf.projectedSecret({ items: MAPPED }), args: [content('path/to/data-2')] });
  },
  [contentOf('path/to/data-2', 'value-2')],
);

shows(
  '[sig-storage] Projected combined should project all components that make up the projection API [Projection] [NodeConformance] [Conformance]',
  async (namespace) => {
    await bed
      .of(CONFIG_MAPS, namespace)
      .create({ metadata: { name: 'words' }, data: { 'configmap-data': 'configmap-value-1' } });
    await bed
      .of(SECRETS, namespace)
      .create({ metadata: { name: 'words' }, data: encoded({ 'secret-data': 'secret-value-1' }) });
    const sources = [
      { downwardAPI: { items: [{ path: 'podname', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } }] } },
      { secret: { name: 'words', items: [{ key: 'secret-data', path: 'secret-data' }] } },
      { configMap: { name: 'words', items: [{ key: 'configmap-data', path: 'configmap-data' }] } },
    ];
    return testing({
      volume: { projected: { defaultMode: 0o644, sources } },
      args: [content('podname'), content('secret-data'), content('configmap-data')],
    });
  },
  [
    contentOf('podname', 'once'),
    contentOf('secret-data', 'secret-value-1'),
    contentOf('configmap-data', 'configmap-value-1'),
  ],
);

const downward = (item: object) => ({ downwardAPI: { items: [{ path: 'fact', ...item }] } });
const resources = { requests: { cpu: '25m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } };

shows(
  "[sig-storage] Downward API volume should provide container's cpu limit [NodeConformance] [Conformance]",
  () =>
    testing({
      volume: downward({ resourceFieldRef: { containerName: 'main', resource: 'limits.cpu' } }),
      args: [content('fact')],
      container: { resources },
    }),
  [contentOf('fact', '2')],
);

shows(
  "[sig-storage] Downward API volume should provide container's memory request [NodeConformance] [Conformance]",
  () =>
    testing({
      volume: downward({ resourceFieldRef: { containerName: 'main', resource: 'requests.memory' } }),
      args: [content('fact')],
      container: { resources },
    }),
  [contentOf('fact', '33554432')],
);

shows(
  '[sig-storage] Downward API volume should provide podname only [NodeConformance] [Conformance]',
  () => testing({ volume: downward({ fieldRef: { fieldPath: 'metadata.name' } }), args: [content('fact')] }),
  [contentOf('fact', 'once')],
);

shows(
  '[sig-storage] EmptyDir volumes volume on default medium should have the correct mode [LinuxOnly] [NodeConformance] [Conformance]',
  () => testing({ volume: { emptyDir: {} }, args: ['--file_perm=/mnt/volume'] }),
  ['perms of file "/mnt/volume": -rwxrwxrwx\n'],
);

shows(
  '[sig-storage] EmptyDir volumes should support (non-root,0644,default) [LinuxOnly] [NodeConformance] [Conformance]',
  () =>
    testing({
      volume: { emptyDir: {} },
      args: ['--new_file_0644=/mnt/volume/test-file', '--file_perm=/mnt/volume/test-file', content('test-file')],
      spec: nonRoot,
    }),
  ['perms of file "/mnt/volume/test-file": -rw-r--r--\n', contentOf('test-file', 'mount-tester new file')],
);

shows(
  '[sig-storage] EmptyDir volumes should support (root,0777,tmpfs) [LinuxOnly] [NodeConformance] [Conformance]',
  () =>
    testing({
      volume: { emptyDir: { medium: 'Memory' } },
      args: ['--fs_type=/mnt/volume', '--new_file_0777=/mnt/volume/test-file', '--file_perm=/mnt/volume/test-file'],
    }),
  ['mount type of "/mnt/volume": tmpfs\n', 'perms of file "/mnt/volume/test-file": -rwxrwxrwx\n'],
);

official(
  '[sig-storage] EmptyDir volumes pod should support shared volumes between containers [Conformance]',
  async () => {
    const namespace = await bed.namespace('shared');
    const volumeMounts = [{ name: 'shared', mountPath: '/usr/share/volumeshare' }];
    const container = (name: string, script: string) => ({
      name,
      image: STAND_IN_IMAGE,
      command: ['/bin/sh', '-c', script],
      volumeMounts,
    });
    const file = '/usr/share/volumeshare/shareddata.txt';
    await bed.ready(namespace, {
      metadata: { name: 'pod-sharedvolume' },
      spec: {
        terminationGracePeriodSeconds: 1,
        volumes: [{ name: 'shared', emptyDir: {} }],
        containers: [
          container('main', `while ! cat ${file} 2>/dev/null; do usleep 50000; done; sleep 100000`),
          container('sub', `echo Hello from the busy-box sub-container > ${file}; sleep 100000`),
        ],
      },
    });
    await bed.says(namespace, 'pod-sharedvolume', ['Hello from the busy-box sub-container'], 'main');
  },
);

official('[sig-storage] EmptyDir wrapper volumes should not conflict [Conformance]', async () => {
  const namespace = await bed.namespace('wrapper');
  await make('configMap', namespace);
  await make('secret', namespace);
  const mounts = ['secret-volume', 'configmap-volume'].map((name) => ({ name, mountPath: `/etc/${name}` }));
  await bed.ready(namespace, {
    metadata: { name: 'pod-secrets' },
    spec: {
      volumes: [
        { name: 'secret-volume', ...volumeOf.secret() },
        { name: 'configmap-volume', ...volumeOf.configMap() },
      ],
      containers: [{ name: 'main', image: STAND_IN_IMAGE, volumeMounts: mounts }],
    },
  });
});

official(
  '[sig-storage] ConfigMap binary data should be reflected in volume [NodeConformance] [Conformance]',
  async () => {
    const namespace = await bed.namespace('binary');
    const binaryData = { 'dump.bin': Buffer.from([0xde, 0xca, 0xfe, 0xba, 0xd0, 0xfe, 0xff]).toString('base64') };
    await bed.of(CONFIG_MAPS, namespace).create({ metadata: { name: 'words' }, data: DATA, binaryData });
    const show = 'cat /mnt/volume/data-1; echo; wc -c </mnt/volume/dump.bin; busybox hexdump -C /mnt/volume/dump.bin';
    const pod = testing({ volume: volumeOf.configMap(), args: [], container: { command: ['/bin/sh', '-c', show] } });
    await bed.ended(namespace, pod);
    expect(await bed.log(namespace, 'once')).toContain('value-1\n7\n00000000  de ca fe ba d0 fe ff');
  },
);

/** A pod whose containers tell one file each, again and again. */
const looping = (files: Readonly<Record<string, string>>, volumes: readonly { readonly name: string }[]): Body => ({
  metadata: { name: 'loops', labels: { key1: 'value1', key2: 'value2' }, annotations: { builder: 'bar' } },
  spec: {
    terminationGracePeriodSeconds: 1,
    volumes,
    containers: Object.entries(files).map(([name, file]) => ({
      name,
      image: STAND_IN_IMAGE,
      args: ['mounttest', `--file_content_in_loop=${file}`],
      volumeMounts: volumes.map((volume) => ({ name: volume.name, mountPath: `/mnt/${volume.name}`, readOnly: true })),
    })),
  },
});

type Kind = 'configMap' | 'secret';

/** A value of it changes, and the file follows. */
async function updatesAreReflected(kind: Kind, volume: object): Promise<void> {
  const namespace = await bed.namespace('updates');
  await make(kind, namespace);
  await bed.ready(namespace, looping({ upd: '/mnt/upd/data-1' }, [{ name: 'upd', ...volume }]));
  await bed.says(namespace, 'loops', ['value-1'], 'upd');
  await change(kind, namespace, 'words', (data) => {
    data['data-1'] = 'value-2';
  });
  await bed.says(namespace, 'loops', ['value-2'], 'upd');
}

async function change(
  kind: Kind,
  namespace: string,
  name: string,
  alter: (data: Record<string, string>) => void,
): Promise<void> {
  if (kind === 'configMap') {
    await bed.of(CONFIG_MAPS, namespace).change(name, (object) => {
      object.data ??= {};
      alter(object.data);
    });
  } else {
    await bed.of(SECRETS, namespace).change(name, (object) => {
      const data = Object.fromEntries(Object.entries(object.data ?? {}).map(([key, value]) => [key, atob(value)]));
      alter(data);
      object.data = encoded(data);
    });
  }
}

official('[sig-storage] ConfigMap updates should be reflected in volume [NodeConformance] [Conformance]', () =>
  updatesAreReflected('configMap', volumeOf.configMap()),
);

official(
  '[sig-storage] Projected configMap updates should be reflected in volume [NodeConformance] [Conformance]',
  () => updatesAreReflected('configMap', volumeOf.projectedConfigMap()),
);

/** Of three optional ones one is deleted, one changes and one comes: the files of each follow. */
async function optionalUpdatesAreReflected(kind: Kind, volume: (name: string) => object): Promise<void> {
  const namespace = await bed.namespace('optional');
  await make(kind, namespace, 'del');
  await make(kind, namespace, 'upd');
  await bed.ready(
    namespace,
    looping(
      { del: '/mnt/del/data-1', upd: '/mnt/upd/data-3', create: '/mnt/create/data-1' },
      ['del', 'upd', 'create'].map((name) => ({ name, ...volume(name) })),
    ),
  );
  await bed.says(namespace, 'loops', ['Error reading file /mnt/create/data-1'], 'create');
  await bed.says(namespace, 'loops', ['value-1'], 'del');
  await bed.of(kind === 'configMap' ? CONFIG_MAPS : SECRETS, namespace).delete('del');
  await change(kind, namespace, 'upd', (data) => {
    delete data['data-1'];
    data['data-3'] = 'value-3-new';
  });
  await make(kind, namespace, 'create');
  await bed.says(namespace, 'loops', ['value-1'], 'create');
  await bed.says(namespace, 'loops', ['value-3-new'], 'upd');
  await bed.says(namespace, 'loops', ['Error reading file /mnt/del/data-1'], 'del');
}

official('[sig-storage] ConfigMap optional updates should be reflected in volume [NodeConformance] [Conformance]', () =>
  optionalUpdatesAreReflected('configMap', (name) => ({ configMap: { name, optional: true } })),
);

official('[sig-storage] Secrets optional updates should be reflected in volume [NodeConformance] [Conformance]', () =>
  optionalUpdatesAreReflected('secret', (secretName) => ({ secret: { secretName, optional: true } })),
);

const projected = (source: object) => ({ projected: { sources: [source] } });

official(
  '[sig-storage] Projected configMap optional updates should be reflected in volume [NodeConformance] [Conformance]',
  () => optionalUpdatesAreReflected('configMap', (name) => projected({ configMap: { name, optional: true } })),
);

official(
  '[sig-storage] Projected secret optional updates should be reflected in volume [NodeConformance] [Conformance]',
  () => optionalUpdatesAreReflected('secret', (name) => projected({ secret: { name, optional: true } })),
);

/** Metadata of a pod changes, and the file follows. */
async function metadataIsReflected(part: 'labels' | 'annotations', before: string, after: string): Promise<void> {
  const namespace = await bed.namespace('downward');
  const volume = {
    name: 'podinfo',
    downwardAPI: { items: [{ path: part, fieldRef: { fieldPath: `metadata.${part}` } }] },
  };
  await bed.ready(namespace, looping({ main: `/mnt/podinfo/${part}` }, [volume]));
  await bed.says(namespace, 'loops', [before], 'main');
  await bed.of(PODS, namespace).change('loops', ({ metadata }) => {
    metadata[part] = { ...metadata[part], ...(part === 'labels' ? { key3: 'value3' } : { builder: 'foo' }) };
  });
  await bed.says(namespace, 'loops', [after], 'main');
}

official('[sig-storage] Downward API volume should update labels on modification [NodeConformance] [Conformance]', () =>
  metadataIsReflected('labels', 'key1="value1"\n', 'key3="value3"\n'),
);

official(
  '[sig-storage] Downward API volume should update annotations on modification [NodeConformance] [Conformance]',
  () => metadataIsReflected('annotations', 'builder="bar"\n', 'builder="foo"\n'),
);

/** One file of an atomic volume by its sub-path: as it was when the container started. */
async function subPathIsMounted(kind: Kind): Promise<void> {
  const namespace = await bed.namespace('subpath');
  await make(kind, namespace);
  const volumeMounts = [{ name: 'volume', mountPath: '/probe-volume/probe-file', subPath: 'data-1' }];
  const args = ['--file_content=/probe-volume/probe-file'];
  const pod = testing({ volume: volumeOf[kind](), args, container: { volumeMounts } });
  const { status } = await bed.ended(namespace, pod);
  const said = await until('it has said so', () => bed.log(namespace, 'once'));
  expect(said).toBe('content of file "/probe-volume/probe-file": value-1\n');
  expect(status?.phase).toBe('Succeeded');
}

official('[sig-storage] Subpath Atomic writer volumes should support subpaths with configmap pod [Conformance]', () =>
  subPathIsMounted('configMap'),
);

official('[sig-storage] Subpath Atomic writer volumes should support subpaths with secret pod [Conformance]', () =>
  subPathIsMounted('secret'),
);
