import { describe, expect, it } from 'vitest';
import { issuesOf, updateIssuesOf } from '../../../test/support/issues.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES } from '../kinds/resources.ts';

const hostPath = { path: '/data' };
const capacity = { storage: '1Gi' };
const accessModes = ['ReadWriteOnce'];
const volume = (fields: object) => ({ spec: { capacity, accessModes, hostPath, ...fields } });
const of = (source: object) => volume({ hostPath: undefined, ...source });
const onNode = (key: string) => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: ['a'] }] }] },
});
const csi = { driver: 'disk.example.com', volumeHandle: 'v1' };

const requests = (storage: string) => ({ resources: { requests: { storage } } });
const claim = (fields: object, status?: object) => ({
  spec: { accessModes, ...requests('1Gi'), ...fields },
  ...(status === undefined ? {} : { status }),
});
const classOf = (fields: object) => ({ provisioner: 'example.com/disk', ...fields });
const topology = (...matchLabelExpressions: object[]) => ({ matchLabelExpressions });

describe('src/api/validation/storage', () => {
  it.each<[string, object]>([
    ['on a share', of({ nfs: { server: 'nfs.example', path: '/export' } })],
    ['of a driver', of({ csi: { ...csi, nodePublishSecretRef: { name: 's', namespace: 'n' } } })],
    ['on one node', of({ local: { path: '/mnt/a' }, nodeAffinity: onNode('kubernetes.io/hostname') })],
    ['for one pod', volume({ accessModes: ['ReadWriteOncePod'] })],
    ['that is emptied, in a folder', volume({ persistentVolumeReclaimPolicy: 'Recycle' })],
  ])('accepts a volume %s', (_name, fields) => {
    expect(issuesOf(PERSISTENT_VOLUMES, { ...fields })).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    [
      'of nothing',
      {},
      [
        'spec.accessModes: Required value',
        'spec.capacity: Required value',
        'spec.capacity: Unsupported value: {}: supported values: "storage"',
        'spec: Required value: must specify a volume type',
      ],
    ],
    [
      'of two kinds',
      volume({ nfs: { server: 'a', path: '/' } }),
      ['spec.nfs: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'with another way in',
      volume({ accessModes: ['WriteOnly'] }),
      [
        'spec.accessModes: Unsupported value: "WriteOnly": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      ],
    ],
    [
      'for one pod and for many',
      volume({ accessModes: ['ReadWriteOncePod', 'ReadWriteMany'] }),
      ['spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes'],
    ],
    [
      'of no size',
      volume({ capacity: { storage: '0' } }),
      ['spec.capacity[storage]: Invalid value: "0": must be greater than zero'],
    ],
    [
      'of less than nothing',
      volume({ capacity: { storage: '-1' } }),
      [
        'spec.capacity[storage]: Invalid value: "-1": must be a valid resource quantity',
        'spec.capacity[storage]: Invalid value: "-1": must be greater than zero',
      ],
    ],
    [
      'of CPU',
      volume({ capacity: { storage: '1', cpu: '1' } }),
      ['spec.capacity: Unsupported value: {"storage":"1","cpu":"1"}: supported values: "storage"'],
    ],
    [
      'that goes another way',
      volume({ persistentVolumeReclaimPolicy: 'Sell' }),
      [
        'spec.persistentVolumeReclaimPolicy: Unsupported value: "Sell": supported values: "Delete", "Recycle", "Retain"',
      ],
    ],
    ...['/', '//', '/./', '/a/../..'].map((path): [string, object, string[]] => [
      `that is the whole host as ${path}, emptied`,
      volume({ hostPath: { path }, persistentVolumeReclaimPolicy: 'Recycle' }),
      path.includes('..')
        ? [`spec.hostPath.path: Invalid value: "${path}": must not contain '..'`]
        : ["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"],
    ]),
    [
      'on no node in particular',
      of({ local: { path: '/mnt/a' } }),
      ['metadata.annotations: Required value: Local volume requires node affinity'],
    ],
    [
      'that climbs',
      of({ local: { path: '/mnt/../etc' }, nodeAffinity: onNode('a') }),
      ['spec.local.path: Invalid value: "/mnt/../etc": must not contain \'..\''],
    ],
    [
      'near nothing',
      volume({ nodeAffinity: {} }),
      ['spec.nodeAffinity.required: Required value: must specify required node constraints'],
    ],
    [
      'near no term',
      volume({ nodeAffinity: { required: { nodeSelectorTerms: [] } } }),
      ['spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term'],
    ],
    ['without a handle', of({ csi: { ...csi, volumeHandle: '' } }), ['spec.csi.volumeHandle: Required value']],
    [
      'with half a secret',
      of({ csi: { ...csi, nodeStageSecretRef: { name: 's' } } }),
      ['spec.csi.nodeStageSecretRef.namespace: Required value'],
    ],
    [
      'of a driver whose name is too long',
      of({ csi: { ...csi, driver: 'a'.repeat(64) } }),
      ['spec.csi.driver: Too long: may not be more than 63 bytes'],
    ],
    [
      'of another mode',
      volume({ volumeMode: 'Tape' }),
      ['spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"'],
    ],
  ])('refuses a volume %s', (_name, fields, expected) => {
    expect(issuesOf(PERSISTENT_VOLUMES, { ...fields })).toEqual(expected);
  });

  it.each<[string, object, object, string[]]>([
    [
      'another folder',
      volume({}),
      volume({ hostPath: { path: '/other' } }),
      ['spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation'],
    ],
    [
      'another mode',
      volume({}),
      volume({ volumeMode: 'Block' }),
      ['volumeMode: Invalid value: "Block": field is immutable'],
    ],
    [
      'another place',
      volume({ nodeAffinity: onNode('a') }),
      volume({}),
      ['nodeAffinity: Invalid value: null: field is immutable, except for updating from beta label to GA'],
    ],
    [
      'another secret',
      of({ csi: { ...csi, controllerExpandSecretRef: { name: 'a', namespace: 'n' } } }),
      of({ csi: { ...csi, controllerExpandSecretRef: { name: 'b', namespace: 'n' } } }),
      ['spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation'],
    ],
    [
      'more room and another policy',
      volume({}),
      volume({ capacity: { storage: '2Gi' }, persistentVolumeReclaimPolicy: 'Delete' }),
      [],
    ],
    ['a place where it had none', volume({}), volume({ nodeAffinity: onNode('a') }), []],
    [
      'the newer name of a label',
      volume({ nodeAffinity: onNode('failure-domain.beta.kubernetes.io/zone') }),
      volume({ nodeAffinity: onNode('topology.kubernetes.io/zone') }),
      [],
    ],
    [
      'a secret for growing',
      of({ csi }),
      of({ csi: { ...csi, controllerExpandSecretRef: { name: 'a', namespace: 'n' } } }),
      [],
    ],
  ])('judges a change of a volume to %s', (_name, before, after, expected) => {
    expect(updateIssuesOf(PERSISTENT_VOLUMES, { ...before }, { ...after })).toEqual(expected);
  });

  const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' };
  it.each<[string, object]>([
    ['any class', claim({})],
    ['a class and a selector', claim({ storageClassName: 'fast', selector: { matchLabels: { a: 'b' } } })],
    ['what a snapshot holds', claim({ dataSource: snapshot, dataSourceRef: snapshot })],
    ['what another namespace holds', claim({ dataSourceRef: { ...snapshot, namespace: 'other' } })],
  ])('accepts a claim of %s', (_name, fields) => {
    expect(issuesOf(PERSISTENT_VOLUME_CLAIMS, { ...fields })).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    [
      'nothing',
      {},
      [
        'spec.accessModes: Required value: at least 1 access mode is required',
        'spec.resources[storage]: Required value',
      ],
    ],
    ['no room', claim(requests('0')), ['spec.resources[storage]: Invalid value: "0": must be greater than zero']],
    [
      'volumes of a selector without values',
      claim({ selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
      [
        "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ],
    [
      'another mode',
      claim({ volumeMode: 'Tape' }),
      ['spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"'],
    ],
    [
      'what a pod holds',
      claim({ dataSource: { kind: 'Pod', name: 'a' } }),
      [
        'spec.dataSource: Invalid value: "Pod": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
      ],
    ],
    [
      'two sources',
      claim({ dataSource: snapshot, dataSourceRef: { ...snapshot, name: 'other' } }),
      ['spec: Invalid value: "spec.dataSource": must match dataSourceRef'],
    ],
    [
      'a source here and elsewhere',
      claim({ dataSource: snapshot, dataSourceRef: { ...snapshot, namespace: 'other' } }),
      ['spec: Invalid value: "spec.dataSource": may not be specified when dataSourceRef.namespace is specified'],
    ],
  ])('refuses a claim of %s', (_name, fields, expected) => {
    expect(issuesOf(PERSISTENT_VOLUME_CLAIMS, { ...fields })).toEqual(expected);
  });

  const immutable = (...fields: string[]) =>
    `spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims (changed: ${fields.map((field) => `spec.${field}`).join(', ')})`;
  const bound = { phase: 'Bound', capacity: { storage: '1Gi' } };
  const pending = { phase: 'Pending' };
  it.each<[string, object, object, string[]]>([
    ['other modes', claim({}), claim({ accessModes: ['ReadOnlyMany'] }), [immutable('accessModes')]],
    [
      'another class and another volume',
      claim({ storageClassName: 'a', volumeName: 'v' }),
      claim({ storageClassName: 'b', volumeName: 'w' }),
      [immutable('storageClassName', 'volumeName')],
    ],
    ['more room before it is bound', claim({}, pending), claim(requests('2Gi'), pending), [immutable('resources')]],
    [
      'limits when it is bound',
      claim({}, bound),
      claim({ resources: { requests: { storage: '1Gi' }, limits: { storage: '2Gi' } } }, bound),
      [immutable('resources')],
    ],
    [
      'less room than it has',
      claim({}, bound),
      claim(requests('500Mi'), bound),
      ['spec.resources.requests.storage: Forbidden: field can not be less than status.capacity'],
    ],
    [
      'just the room it has, after all',
      claim(requests('3Gi'), bound),
      claim({}, bound),
      ['spec.resources.requests.storage: Forbidden: field can not be less than status.capacity'],
    ],
    [
      'another mode',
      claim({}, bound),
      claim({ volumeMode: 'Block' }, bound),
      [immutable('volumeMode'), 'volumeMode: Invalid value: "Block": field is immutable'],
    ],
    ['more room', claim({}, bound), claim(requests('2Gi'), bound), []],
    ['less of what it did not get', claim(requests('3Gi'), bound), claim(requests('2Gi'), bound), []],
    ['its first volume', claim({}, pending), claim({ volumeName: 'v' }, pending), []],
    ['its first class', claim({}, pending), claim({ storageClassName: 'a' }, pending), []],
    [
      'another class than its annotation says',
      claim({}),
      {
        metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'b' } },
        ...claim({ storageClassName: 'a' }),
      },
      [immutable('storageClassName')],
    ],
  ])('judges a change of a claim to %s', (_name, before, after, expected) => {
    expect(updateIssuesOf(PERSISTENT_VOLUME_CLAIMS, { ...before }, { ...after })).toEqual(expected);
  });

  it.each<[string, object, string[]]>([
    ['of nobody', { provisioner: '' }, ['provisioner: Required value']],
    [
      'of a name that is none',
      classOf({ provisioner: 'a/' }),
      ['provisioner: Invalid value: "a/": name part must be non-empty'],
    ],
    [
      'that empties',
      classOf({ reclaimPolicy: 'Recycle' }),
      ['reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"'],
    ],
    [
      'that binds some day',
      classOf({ volumeBindingMode: 'Later' }),
      ['volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"'],
    ],
    [
      'with a parameter of no name',
      classOf({ parameters: { '': 'a' } }),
      ['parameters: Invalid value: "": field can not be empty.'],
    ],
    [
      'with a parameter that is too long',
      classOf({ parameters: { a: 'x'.repeat(256 * 1024) } }),
      ['parameters: Too long: may not be more than 262144 bytes'],
    ],
    [
      'with parameters too many',
      classOf({ parameters: Object.fromEntries(Array.from({ length: 513 }, (_, index) => [`p${index}`, ''])) }),
      ['parameters: Too long: may not be more than 512 bytes'],
    ],
    [
      'in no zone',
      classOf({ allowedTopologies: [topology({ key: 'zone', values: [] })] }),
      ['allowedTopologies[0].matchLabelExpressions[0].values: Required value'],
    ],
    [
      'in one zone twice',
      classOf({
        allowedTopologies: [
          topology({ key: 'zone', values: ['a', 'b', 'a'] }),
          topology({ key: 'zone', values: ['c'] }, { key: 'zone', values: ['d'] }),
        ],
      }),
      [
        'allowedTopologies[0].matchLabelExpressions[0].values[2]: Duplicate value: "a"',
        'allowedTopologies[1].matchLabelExpressions[1].key: Duplicate value: "zone"',
      ],
    ],
    [
      'with one place twice',
      classOf({
        allowedTopologies: [
          topology({ key: 'zone', values: ['a', 'b'] }),
          topology({ key: 'zone', values: ['b', 'a'] }),
        ],
      }),
      ['allowedTopologies[1].matchLabelExpressions: Duplicate value: ""'],
    ],
  ])('refuses a class %s', (_name, fields, expected) => {
    expect(issuesOf(STORAGE_CLASSES, { ...fields })).toEqual(expected);
  });

  it('keeps what a class has made volumes by, not whether they may grow', () => {
    const before = classOf({ parameters: { type: 'ssd' } });
    const after = { provisioner: 'other', reclaimPolicy: 'Retain', volumeBindingMode: 'WaitForFirstConsumer' };
    expect(updateIssuesOf(STORAGE_CLASSES, before, after)).toEqual([
      'parameters: Forbidden: updates to parameters are forbidden.',
      'provisioner: Forbidden: updates to provisioner are forbidden.',
      'reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.',
      'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
    ]);
    expect(updateIssuesOf(STORAGE_CLASSES, before, { ...before, allowVolumeExpansion: true })).toEqual([]);
  });
});
