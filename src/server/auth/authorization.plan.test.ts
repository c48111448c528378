import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PersistentVolume, Pod } from '#api';
import { rolesFrom } from '../../../test/support/roles.ts';
import { RESOURCE_ROWS } from '../registry/rows.ts';
import { planAuthorization } from './authorization.plan.ts';
import type { Attributes, ResourceAttributes, UserInfo } from './authorization.types.ts';
import { bootstrapBindings, bootstrapRoles } from './rbac/bootstrap-roles.plan.ts';

const ADMIN: UserInfo = { name: 'admin', groups: ['system:masters'] };
const VIEWER: UserInfo = { name: 'vera', groups: ['plumbline:viewers'] };
const NODE: UserInfo = { name: 'system:node:n1', groups: ['system:nodes'] };
const NOBODY: UserInfo = { name: 'nobody', groups: [] };
const SOMEBODY: UserInfo = { name: 'somebody', groups: ['system:authenticated'] };
const ROLES = rolesFrom([...bootstrapRoles(RESOURCE_ROWS), ...bootstrapBindings()]);

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'web', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
  spec: {
    nodeName: 'n1',
    serviceAccountName: 'web',
    imagePullSecrets: [{ name: 'pull' }],
    initContainers: [
      { name: 'i', envFrom: [{ configMapRef: { name: 'init-env' } }, { secretRef: { name: 'init-secret' } }] },
    ],
    containers: [
      {
        name: 'c',
        env: [
          { name: 'A', valueFrom: { secretKeyRef: { name: 'env-secret', key: 'a' } } },
          { name: 'B', valueFrom: { configMapKeyRef: { name: 'env-map', key: 'b' } } },
        ],
      },
    ],
    volumes: [
      { name: 'v', secret: { secretName: 'volume-secret' } },
      { name: 'w', configMap: { name: 'volume-map' } },
      { name: 'd', persistentVolumeClaim: { claimName: 'data' } },
      { name: 'scratch', ephemeral: {} },
      {
        name: 'p',
        projected: { sources: [{ secret: { name: 'projected' } }, { configMap: { name: 'projected-map' } }] },
      },
    ],
  },
} as unknown as Pod;

/** `verb group/resource/subresource namespace/name`, `*` for no name, and `@node` for a node selector. */
function ask(text: string): ResourceAttributes {
  const [verb = '', what = '', where = '', selected] = text.split(' ');
  const [group = '', resource = '', subresource] = what.split('/');
  const [namespace = '', name = '*'] = where.split('/');
  return {
    verb: verb as ResourceAttributes['verb'],
    group,
    resource,
    namespace,
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === '*' ? {} : verb === 'create' ? { newName: name } : { name }),
    ...(selected === undefined ? {} : { nodeName: selected.slice(1) }),
  };
}

const allowed = (user: UserInfo, attributes: Attributes, nodePods: readonly Pod[] = [POD]) =>
  planAuthorization({ user, attributes, nodePods, roles: ROLES }).allowed;

/** A volume of node-1's own folders, and one that a claim of its pod names. */
const volumeOf = (labels: object, more: object = {}) =>
  ({
    metadata: { name: 'pv', labels, finalizers: ['plumbline.dev/node-local'] },
    ...more,
  }) as unknown as PersistentVolume;

describe('src/server/auth/authorization.plan.ts', () => {
  const OWN = volumeOf({ 'plumbline.dev/volume-node': 'n1' });
  const THEIRS = volumeOf({ 'plumbline.dev/volume-node': 'n2' });
  const MOUNTED = volumeOf({}, { spec: { claimRef: { namespace: 'web', name: 'data' } } });
  const FREED = { ...OWN, metadata: { ...OWN.metadata, finalizers: [] } };
  const SELECTED = { volumeNode: 'n1' };
  it.each<[string, object, PersistentVolume | undefined, boolean]>([
    ['list', SELECTED, undefined, true],
    ['watch', SELECTED, undefined, true],
    ['list', {}, undefined, false],
    ['watch', { volumeNode: 'n2' }, undefined, false],
    ['get', { name: 'pv' }, OWN, true],
    ['get', { name: 'pv' }, MOUNTED, true],
    ['get', { name: 'pv' }, THEIRS, false],
    ['get', { name: 'pv' }, undefined, false],
    ['patch', { name: 'pv' }, OWN, true],
    ['patch', { name: 'pv' }, FREED, false],
    ['patch', { name: 'pv' }, MOUNTED, false],
    ['patch', { name: 'pv' }, THEIRS, false],
    ['update', { name: 'pv' }, OWN, false],
    ['delete', { name: 'pv' }, OWN, false],
  ])('asked to %s volumes %j by a node, of %#, answers as it must', (verb, asked, nodeVolume, expected) => {
    const attributes = { verb, group: '', resource: 'persistentvolumes', namespace: '', ...asked };
    const plan = planAuthorization({ user: NODE, attributes, nodePods: [POD], nodeVolume, roles: ROLES });
    expect(plan.allowed).toBe(expected);
  });

  it.each([
    'get /nodes /n1',
    'list /nodes /n1',
    'watch /nodes /n1',
    'create /nodes /n1',
    'patch /nodes /n1',
    'patch /nodes/status /n1',
    'create coordination.k8s.io/leases kube-node-lease/n1',
    'update coordination.k8s.io/leases kube-node-lease/n1',
    'list /pods /* @n1',
    'watch /pods /* @n1',
    'get /pods web/web-1',
    'delete /pods web/web-1',
    'patch /pods/status web/web-1',
    'create /pods/eviction web/web-1',
    'get /persistentvolumeclaims web/data',
    'get /persistentvolumeclaims web/web-1-scratch',
    'get /secrets web/env-secret',
    'watch /secrets web/init-secret',
    'list /secrets web/volume-secret',
    'get /secrets web/projected',
    'get /secrets web/pull',
    'get /configmaps web/env-map',
    'get /configmaps web/init-env',
    'get /configmaps web/volume-map',
    'get /configmaps web/projected-map',
    'get /serviceaccounts web/web',
    'list /services /*',
    'watch discovery.k8s.io/endpointslices /*',
    'list /namespaces /*',
    'create /events web/e1',
    'patch /events web/e1',
  ])('lets a node %s', (text) => {
    expect(allowed(NODE, ask(text))).toBe(true);
  });

  it.each([
    'get /nodes /n2',
    'list /nodes /*',
    'delete /nodes /n1',
    'patch /nodes/status /n2',
    'create /nodes /n2',
    'update coordination.k8s.io/leases kube-node-lease/n2',
    'update coordination.k8s.io/leases kube-system/n1',
    'list coordination.k8s.io/leases kube-node-lease/*',
    'list /pods /*',
    'list /pods /* @n2',
    'get /pods web/other',
    'get /pods other/web-1',
    'delete /pods web/other',
    'create /pods web/mirror',
    'patch /pods web/web-1',
    'patch /pods/status web/other',
    'get /pods/log web/web-1',
    'create /pods/eviction web/other',
    'get /persistentvolumeclaims web/other',
    'update /persistentvolumeclaims web/data',
    'watch /persistentvolumeclaims web/data',
    'create /pods/binding web/web-1',
    'deletecollection /pods web/* @n1',
    'get /secrets web/other',
    'get /secrets other/env-secret',
    'list /secrets web/*',
    'list /secrets /env-secret',
    'watch /secrets /*',
    'update /secrets web/env-secret',
    'delete /configmaps web/env-map',
    'create /services web/s',
    'list /events /*',
    'list apps/deployments /*',
    'list argoproj.io/applications /*',
    'get plumbline.dev/renderedsets argocd/x',
  ])('does not let a node %s', (text) => {
    expect(allowed(NODE, ask(text))).toBe(false);
  });

  it.each(['get /pods web/x', 'list apps/deployments /*', 'watch plumbline.dev/syncruns /*', 'get /pods/log web/x'])(
    'lets a viewer %s',
    (text) => {
      expect(allowed(VIEWER, ask(text))).toBe(true);
    },
  );

  it.each([
    'get /secrets web/x',
    'list /secrets /*',
    'list plumbline.dev/renderedsets argocd/*',
    'create /pods web/x',
    'patch argoproj.io/applications argocd/x',
    'delete /pods web/x',
    'deletecollection /pods web/*',
    'create /pods/binding web/x',
    'update apps/deployments/scale web/x',
  ])('does not let a viewer %s', (text) => {
    expect(allowed(VIEWER, ask(text))).toBe(false);
  });

  it.each([
    [ADMIN, '/plumbline/v1/tokens', 'post', true],
    [VIEWER, '/plumbline/v1/tokens', 'post', false],
    [SOMEBODY, '/api', 'get', true],
    [SOMEBODY, '/openapi/v3/api/v1', 'get', true],
    [SOMEBODY, '/apix', 'get', false],
    [NOBODY, '/api', 'get', false],
    [NODE, '/plumbline/v1/nodes/n1/control', 'get', true],
    [NODE, '/plumbline/v1/nodes/n1/streams/t', 'post', true],
    [NODE, '/plumbline/v1/nodes/n2/control', 'get', false],
    [NODE, '/plumbline/v1/nodes/n11/control', 'get', false],
    [NODE, '/plumbline/v1/tokens', 'post', false],
  ])('decides paths for %o: %s %s', (user, path, verb, expected) => {
    expect(allowed(user, { verb, path })).toBe(expected);
  });

  it('takes nobody for a node by name or group alone', () => {
    const asked = ask('patch /nodes/status /n1');
    expect(allowed({ name: 'system:node:n1', groups: [] }, asked)).toBe(false);
    expect(allowed({ name: 'n1', groups: ['system:nodes'] }, asked)).toBe(false);
    expect(allowed({ name: 'system:node:', groups: ['system:nodes'] }, ask('get /nodes /'))).toBe(false);
  });

  const verbs = fc.constantFrom('create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch');
  const attributes = fc.record({
    verb: verbs as fc.Arbitrary<ResourceAttributes['verb']>,
    group: fc.constantFrom('', 'apps', 'coordination.k8s.io', 'plumbline.dev'),
    resource: fc.constantFrom('pods', 'secrets', 'configmaps', 'nodes', 'leases', 'deployments', 'renderedsets'),
    namespace: fc.constantFrom('', 'web', 'kube-node-lease'),
    name: fc.constantFrom('n1', 'n2', 'web-1', 'env-secret', '__proto__', 'constructor'),
  });

  it('allows nothing to a user without a group', () => {
    fc.assert(fc.property(attributes, (asked) => !allowed(NOBODY, asked)));
  });

  it('gives a node without pods no secret, config map or service account', () => {
    fc.assert(
      fc.property(attributes, (asked) => {
        const guarded = ['secrets', 'configmaps', 'serviceaccounts'].includes(asked.resource);
        return !guarded || !allowed(NODE, asked, []);
      }),
    );
  });
});
