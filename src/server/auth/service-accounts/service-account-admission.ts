import { isApiError, type KubeObject, PODS, type PodSpec, SERVICE_ACCOUNTS, type ServiceAccount } from '#api';
import type { AdmissionPlugin, AdmissionRequest } from '../../registry/admission-chain.ts';
import type { Api } from '../../registry/api.ts';
import { generatedName } from '../../registry/chance.ts';
import { forbidden } from '../../registry/errors.ts';
import { rowOf } from '../../registry/mirror.ts';
import { DEFAULT_ACCOUNT, planPodAccount } from './pod-account.plan.ts';

/**
 * Every pod runs as a service account of its namespace, `default` where it names none, and has the account's token and
 * pull secrets unless it says otherwise. An account that is not there is refused, but for `default`, which a namespace's
 * controller makes in the moment after the namespace. `random`, in [0, 1), names volumes.
 * Source: kubernetes plugin/pkg/admission/serviceaccount/admission.go (v1.32).
 */
export function createServiceAccountAdmission(
  api: Pick<Api, 'get' | 'row'>,
  random: () => number = Math.random,
): AdmissionPlugin {
  const concerns = ({ operation, row, subresource }: AdmissionRequest) =>
    operation === 'CREATE' && row.type === PODS && subresource === undefined;

  /** Undefined when there is none. */
  async function accountOf({ context, namespace, object }: AdmissionRequest): Promise<ServiceAccount | undefined> {
    const named = (object['spec'] as PodSpec | undefined)?.serviceAccountName;
    const name = named === undefined || named === '' ? DEFAULT_ACCOUNT : named;
    try {
      const found = await api.get({ context, row: rowOf(api, SERVICE_ACCOUNTS), namespace, name });
      return found as unknown as ServiceAccount;
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  return {
    name: 'ServiceAccount',
    async mutate(request): Promise<KubeObject> {
      const { object } = request;
      const spec = object['spec'] as PodSpec | undefined;
      if (!concerns(request) || spec === undefined) return object;
      const account = await accountOf(request);
      const volumeName = generatedName('kube-api-access-', random);
      return { ...object, spec: planPodAccount({ spec, account, volumeName }) };
    },
    async validate(request) {
      if (!concerns(request)) return;
      const { row, namespace, name, object } = request;
      const account = (object['spec'] as PodSpec | undefined)?.serviceAccountName ?? DEFAULT_ACCOUNT;
      if (account === DEFAULT_ACCOUNT || (await accountOf(request)) !== undefined) return;
      const why = `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`;
      throw forbidden(row.type, name, why);
    },
  };
}
