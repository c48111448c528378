/** Deletes Secrets that hold a token of a service account that is gone, and tokens of before that nobody uses. */
import {
  isApiError,
  type Pod,
  planPodReferences,
  SECRETS,
  SERVICE_ACCOUNTS,
  type Secret,
  type ServiceAccount,
} from '#api';
import type { Clock } from '#base';
import type { Client } from '#client';
import { type Controller, type Informer, type KeySource, keyOf, keysFrom } from '#reconcile';
import { isFinished } from '../shared/pods.plan.ts';
import { accountOf, INVALID_SINCE, planTokenSecret, TOKEN_SECRET } from './token-secrets.plan.ts';

export interface TokenSecretsDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly pods: Informer<Pod>;
  readonly secrets: Informer<Secret>;
  readonly serviceAccounts: Informer<ServiceAccount>;
}

/** Name of the Secret informer's index by the account that a token is of. */
const BY_ACCOUNT = 'account';

/** Whatever the caches say, an account counts as gone only when the server says so. */
export function createTokenSecretsController(deps: TokenSecretsDeps): Controller {
  const { client, clock, pods, secrets, serviceAccounts } = deps;
  secrets.addIndex(BY_ACCOUNT, accountKeys);

  return {
    name: 'token-secrets',
    async reconcile(key) {
      const secret = secrets.get(key);
      const name = secret === undefined ? undefined : accountOf(secret);
      if (secret === undefined || name === undefined) return {};
      const { namespace = '' } = secret.metadata;
      const plan = planTokenSecret({
        secret,
        account:
          serviceAccounts.get(`${namespace}/${name}`) ?? (await client.get(SERVICE_ACCOUNTS, { namespace, name })),
        isRead: isRead(secret),
        nowMs: clock.nowMs(),
      });
      if (plan.action === 'delete') await remove(secret);
      if (plan.action === 'mark') await mark(secret, plan.day);
      return plan.action !== 'delete' && plan.requeueAfterMs !== undefined
        ? { requeueAfterMs: plan.requeueAfterMs }
        : {};
    },
  };

  function isRead({ metadata }: Secret): boolean {
    return pods
      .list(metadata.namespace)
      .some((pod) => !isFinished(pod) && planPodReferences(pod).get('secrets')?.has(metadata.name) === true);
  }

  /** The very version that was judged. */
  async function remove({ metadata }: Secret): Promise<void> {
    const { uid, resourceVersion } = metadata;
    await client.delete(SECRETS, metadata, { preconditions: { uid, resourceVersion } });
  }

  async function mark({ metadata }: Secret, day: string): Promise<void> {
    const { resourceVersion } = metadata;
    const body = { metadata: { resourceVersion, labels: { [INVALID_SINCE]: day } } };
    try {
      await client.patch(SECRETS, metadata, { type: 'merge', body });
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
  }
}

/** A token is looked at when it changes, and when its account comes, changes or goes. */
export function tokenSecretsSources({
  secrets,
  serviceAccounts,
}: Pick<TokenSecretsDeps, 'secrets' | 'serviceAccounts'>): KeySource[] {
  const ofAccount = (account: ServiceAccount) => secrets.byIndex(BY_ACCOUNT, keyOf(account)).map(keyOf);
  return [
    keysFrom(secrets, { toKeys: (secret) => (secret.type === TOKEN_SECRET ? [keyOf(secret)] : []) }),
    keysFrom(serviceAccounts, { toKeys: ofAccount }),
  ];
}

function accountKeys(secret: Secret): readonly string[] {
  const name = accountOf(secret);
  return name === undefined ? [] : [`${secret.metadata.namespace}/${name}`];
}
