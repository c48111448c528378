import { describe, expect, it } from 'vitest';
import { podSpecOf, unsupportedPodFields } from './pod-fields.ts';

const containers = [{ name: 'main', image: 'sample:1' }];
const told = (spec: object) => unsupportedPodFields(spec).map(({ path, message }) => `${path}: ${message}`);

describe('src/api/kinds/pod-fields.ts', () => {
  it.each([
    ['a runtime class', { runtimeClassName: 'gvisor' }, ['runtimeClassName: runtime classes are not supported']],
    ['Windows', { os: { name: 'windows' } }, ['os.name: nodes run Linux only']],
    ['users of its own', { hostUsers: false }, ['hostUsers: user namespaces are not supported']],
    [
      'a device',
      { resourceClaims: [{ name: 'gpu' }] },
      ['resourceClaims[0]: dynamic resource allocation is not supported (claim "gpu")'],
    ],
    [
      'a volume of a driver',
      {
        volumes: [
          { name: 'a', emptyDir: {} },
          { name: 'b', flexVolume: { driver: 'example.com/disk' } },
        ],
      },
      ['volumes[1].flexVolume: volumes of this kind are not supported (volume "b")'],
    ],
    [
      'mounts that others are to see',
      {
        initContainers: [
          { name: 'i', volumeMounts: [{ name: 'a', mountPath: '/a', mountPropagation: 'Bidirectional' }] },
        ],
        containers: [
          {
            name: 'c',
            volumeMounts: [
              { name: 'a', mountPath: '/a', mountPropagation: 'None', recursiveReadOnly: 'IfPossible' },
              { name: 'b', mountPath: '/b', readOnly: true, recursiveReadOnly: 'Enabled' },
            ],
          },
        ],
      },
      [
        'initContainers[0].volumeMounts[0].mountPropagation: Bidirectional is not supported (volume "a")',
        'containers[0].volumeMounts[1].recursiveReadOnly: Enabled is not supported (volume "b")',
      ],
    ],
    [
      'a trust bundle',
      { volumes: [{ name: 'a', projected: { sources: [{ configMap: {} }, { clusterTrustBundle: { path: 't' } }] } }] },
      ['volumes[0].projected.sources[1].clusterTrustBundle: trust bundles are not supported (volume "a")'],
    ],
  ])('names what a pod cannot have: %s', (_, spec, expected) => {
    expect(told({ containers, ...spec })).toEqual(expected);
  });

  it('names nothing of what is supported', () => {
    const sources = [{ configMap: {} }, { secret: {} }, { downwardAPI: {} }, { serviceAccountToken: {} }];
    const kinds = [
      { configMap: {} },
      { downwardAPI: {} },
      { emptyDir: {} },
      { hostPath: { path: '/' } },
      { secret: {} },
    ];
    const volumes = [...kinds, { projected: { sources } }].map((kind, index) => ({ name: `v${index}`, ...kind }));
    expect(told({ containers, volumes, os: { name: 'linux' }, hostUsers: true, priorityClassName: 'high' })).toEqual(
      [],
    );
  });

  it.each([
    ['Pod', { spec: { containers } }, 'spec'],
    ['PodTemplate', { template: { spec: { containers } } }, 'template.spec'],
    ['Deployment', { spec: { template: { spec: { containers } } } }, 'spec.template.spec'],
    [
      'CronJob',
      { spec: { jobTemplate: { spec: { template: { spec: { containers } } } } } },
      'spec.jobTemplate.spec.template.spec',
    ],
  ])('finds the pods of a %s', (kind, fields, path) => {
    expect(podSpecOf({ apiVersion: 'v1', kind, metadata: {}, ...fields })).toEqual({ path, spec: { containers } });
  });

  it('finds no pods in other kinds, nor where they are missing', () => {
    expect(podSpecOf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: {} })).toBeUndefined();
    expect(podSpecOf({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: {}, spec: {} })).toBeUndefined();
  });
});
