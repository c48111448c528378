import { describe, expect, it } from 'vitest';
import type { PodSpec, ServiceAccount } from '#api';
import { planPodAccount, TOKEN_PATH } from './pod-account.plan.ts';

const account = (fields: object = {}) =>
  ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bot' }, ...fields }) as unknown as ServiceAccount;
const plan = (spec: object, of: ServiceAccount | undefined = account()) =>
  planPodAccount({
    spec: { containers: [{ name: 'main' }], ...spec } as PodSpec,
    account: of,
    volumeName: 'kube-api-access-x7k2p',
  });
/** Names of the volumes mounted at the place of the token, by container. */
const mounted = ({ containers, initContainers = [] }: PodSpec) =>
  [...initContainers, ...containers].map(({ volumeMounts = [] }) =>
    volumeMounts
      .filter(({ mountPath }) => mountPath === TOKEN_PATH)
      .map(({ name }) => name)
      .join(),
  );

describe('src/server/auth/service-accounts/pod-account.plan.ts', () => {
  it('mounts token, certificate and namespace into every container, in the shape of Kubernetes', () => {
    const spec = plan({ initContainers: [{ name: 'first' }], volumes: [{ name: 'own', emptyDir: {} }] });
    expect(spec).toEqual({
      serviceAccountName: 'default',
      serviceAccount: 'default',
      initContainers: [
        { name: 'first', volumeMounts: [{ name: 'kube-api-access-x7k2p', readOnly: true, mountPath: TOKEN_PATH }] },
      ],
      containers: [
        { name: 'main', volumeMounts: [{ name: 'kube-api-access-x7k2p', readOnly: true, mountPath: TOKEN_PATH }] },
      ],
      volumes: [
        { name: 'own', emptyDir: {} },
        {
          name: 'kube-api-access-x7k2p',
          projected: {
            defaultMode: 420,
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
              { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
              {
                downwardAPI: {
                  items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
                },
              },
            ],
          },
        },
      ],
    });
  });

  it.each([
    ['nobody', undefined, undefined, true],
    ['the pod', false, undefined, false],
    ['the account', undefined, false, false],
    ['the pod, against the account', true, false, true],
    ['the account, against the pod', false, true, false],
  ])('mounts as is said by %s', (_, pod, of, expected) => {
    const spec = plan(
      { serviceAccountName: 'bot', ...(pod === undefined ? {} : { automountServiceAccountToken: pod }) },
      account(of === undefined ? {} : { automountServiceAccountToken: of }),
    );
    expect(mounted(spec)).toEqual([expected ? 'kube-api-access-x7k2p' : '']);
    expect(spec.volumes === undefined).toBe(!expected);
    expect(spec.serviceAccountName).toBe('bot');
  });

  it('mounts where the account is not there yet', () => {
    expect(
      mounted(planPodAccount({ spec: { containers: [{ name: 'a' }] }, account: undefined, volumeName: 'v' })),
    ).toEqual(['v']);
  });

  it('leaves a container alone that has something else at that place, and adds no volume for it', () => {
    const own = { name: 'own', volumeMounts: [{ name: 'mine', mountPath: TOKEN_PATH }] };
    expect(plan({ containers: [own] }).volumes).toBeUndefined();
    expect(mounted(plan({ containers: [own, { name: 'other' }] }))).toEqual(['mine', 'kube-api-access-x7k2p']);
  });

  it('takes a volume of that name that is there already', () => {
    const volumes = [{ name: 'kube-api-access-abcde', emptyDir: {} }];
    const spec = plan({ volumes });
    expect(mounted(spec)).toEqual(['kube-api-access-abcde']);
    expect(spec.volumes).toEqual(volumes);
  });

  it.each([
    ['has none of its own', {}, [{ name: 'registry' }]],
    ['has some', { imagePullSecrets: [{ name: 'mine' }] }, [{ name: 'mine' }]],
  ])("gives the account's pull secrets to a pod that %s", (has, spec, expected) => {
    expect(has).not.toBe('');
    expect(plan(spec, account({ imagePullSecrets: [{ name: 'registry' }] })).imagePullSecrets).toEqual(expected);
  });
});
