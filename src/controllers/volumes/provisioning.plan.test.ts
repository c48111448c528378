import { describe, expect, it } from 'vitest';
import { DOCKER_VOLUMES, NODE_LOCAL, type Node, type StorageClass, VOLUME_ANNOTATIONS } from '#api';
import { aClaim, aClass } from '../../../test/support/volume-objects.ts';
import { planProvisioning } from './provisioning.plan.ts';

const { betaStorageProvisioner, selectedNode, storageProvisioner } = VOLUME_ANNOTATIONS;
const nodeNamed = (name: string, labels: object = { 'kubernetes.io/hostname': name }) =>
  ({ metadata: { name, labels } }) as object as Node;
const n1 = nodeNamed('n1');
const folders = (more: object = {}) => aClass({ provisioner: NODE_LOCAL, ...more });
const engine = (parameters: object) => aClass({ provisioner: DOCKER_VOLUMES, parameters });
const chosen = (spec: object = {}, node = 'n1') => aClaim({ annotations: { [selectedNode]: node }, spec });
const plan = (claim: ReturnType<typeof aClaim>, storageClass: StorageClass, node: Node | undefined = n1) =>
  planProvisioning({ claim, storageClass, node });
const LONG = 'n'.repeat(64);

describe('src/controllers/volumes/provisioning.plan.ts', () => {
  // What becomes of the volumes in any history, and that none is made twice, is shown in histories.test.ts.
  it.each<[string, ReturnType<typeof plan>, string | undefined, string]>([
    ['makes a folder', plan(chosen(), folders()), 'pvc-claim-1', 'Successfully provisioned volume pvc-claim-1'],
    ['makes a volume of the engine', plan(chosen(), engine({ 'opt.type': 'tmpfs' })), 'pvc-claim-1', 'Successfully'],
    ['leaves it to others', plan(chosen(), aClass()), undefined, "external provisioner 'example.com/disks'"],
    ['needs a node', plan(aClaim(), folders()), undefined, 'need volumeBindingMode WaitForFirstConsumer'],
    [
      'needs a name of the node’s host',
      plan(chosen(), folders(), nodeNamed('n1', {})),
      undefined,
      'has no label kubernetes.io/hostname',
    ],
    [
      'needs a name that a label holds',
      plan(chosen({}, LONG), folders(), nodeNamed(LONG)),
      undefined,
      'or a name longer than 63',
    ],
    [
      'has no block devices',
      plan(chosen({ volumeMode: 'Block' }), folders()),
      undefined,
      'volumeMode Block is not supported',
    ],
    [
      'has nothing to select',
      plan(chosen({ selector: {} }), folders()),
      undefined,
      'claim.spec.selector is not supported',
    ],
    [
      'copies nothing',
      plan(chosen({ dataSource: { kind: 'X', name: 'x' } }), folders()),
      undefined,
      'claim.spec.dataSource',
    ],
    [
      'copies nothing of another namespace',
      plan(chosen({ dataSourceRef: { kind: 'X', name: 'x' } }), folders()),
      undefined,
      'dataSource',
    ],
    [
      'knows no parameters of folders',
      plan(chosen(), folders({ parameters: { type: 'x' } })),
      undefined,
      'unknown parameter "type"',
    ],
    [
      'knows not every parameter of the engine',
      plan(chosen(), engine({ driver: 'nfs', type: 'x' })),
      undefined,
      'unknown parameter "type"',
    ],
    ['mounts with no options', plan(chosen(), folders({ mountOptions: ['ro'] })), undefined, 'mountOptions'],
  ])('%s', (_what, { volume, reason, event, reschedule }, name, words) => {
    expect(volume?.metadata.name).toBe(name);
    expect(reason).toContain(words);
    expect(event?.message).toBe(reason);
    expect(reschedule).toBeUndefined();
  });

  it('has the pod placed anew where the node is gone', () => {
    const { volume, reschedule, event } = planProvisioning({
      claim: chosen(),
      storageClass: folders(),
      node: undefined,
    });
    expect([volume, reschedule, event?.reason]).toEqual([undefined, true, 'ProvisioningFailed']);
  });

  it('notes the provisioner once', () => {
    const marks = { [storageProvisioner]: NODE_LOCAL, [betaStorageProvisioner]: NODE_LOCAL };
    expect(plan(chosen(), folders()).marks).toEqual(marks);
    expect(plan(aClaim({ annotations: { ...marks, [selectedNode]: 'n1' } }), folders()).marks).toBeUndefined();
  });

  it('makes it for this claim and this node alone, with what the class says', () => {
    const { volume } = plan(
      chosen({ resources: { requests: { storage: '7Gi' } } }),
      folders({ reclaimPolicy: 'Retain' }),
    );
    expect(volume).toMatchObject({
      spec: {
        capacity: { storage: '7Gi' },
        claimRef: { namespace: 'default', name: 'data', uid: 'claim-1' },
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: 'c',
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ operator: 'In', values: ['n1'] }] }] } },
      },
    });
    expect(plan(chosen(), folders()).volume).toMatchObject({ spec: { persistentVolumeReclaimPolicy: 'Delete' } });
    const { volume: other } = plan(chosen(), engine({ driver: 'nfs', 'opt.o': 'addr=x' }));
    expect(other).toMatchObject({ spec: { csi: { volumeAttributes: { driver: 'nfs', 'opt.o': 'addr=x' } } } });
  });
});
