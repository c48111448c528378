import { isApiError, type KubeObject, PODS, type PodSpec, SERVICE_ACCOUNTS } from '#api';
import type { AdmissionPlugin } from '../../registry/admission-chain.ts';
import type { Api } from '../../registry/api.ts';
import { forbidden } from '../../registry/errors.ts';
import { rowOf } from '../../registry/mirror.ts';

const DEFAULT_ACCOUNT = 'default';

/**
 * Every pod runs as a service account of its namespace: `default` where it names none. One that is not there is refused,
 * but for `default`, which a namespace's controller makes in the moment after the namespace.
 * Source: kubernetes plugin/pkg/admission/serviceaccount/admission.go (v1.32).
 */
export function createServiceAccountAdmission(api: Pick<Api, 'get' | 'row'>): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    mutate({ operation, row, object }): KubeObject {
      if (operation !== 'CREATE' || row.type !== PODS) return object;
      const spec = object['spec'] as PodSpec | undefined;
      if (spec === undefined || (spec.serviceAccountName ?? '') !== '') return object;
      return { ...object, spec: { ...spec, serviceAccountName: DEFAULT_ACCOUNT, serviceAccount: DEFAULT_ACCOUNT } };
    },
    async validate({ operation, context, row, namespace, name, object }) {
      if (operation !== 'CREATE' || row.type !== PODS) return;
      const account = (object['spec'] as PodSpec | undefined)?.serviceAccountName ?? DEFAULT_ACCOUNT;
      if (account === DEFAULT_ACCOUNT) return;
      try {
        await api.get({ context, row: rowOf(api, SERVICE_ACCOUNTS), namespace, name: account });
      } catch (error) {
        if (!isApiError(error, 'NotFound')) throw error;
        const why = `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`;
        throw forbidden(row.type, name, why);
      }
    },
  };
}
