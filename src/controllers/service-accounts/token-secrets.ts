/** Ties Secrets that hold a token to their service account, deletes them with it, and tokens of before that nobody uses. */
import {
  isApiError,
  type Json,
  type Pod,
  planPodReferences,
  SECRETS,
  SERVICE_ACCOUNTS,
  type Secret,
  type ServiceAccount,
} from '#api';
import type { Clock } from '#base';
import type { Client } from '#client';
import { type Controller, type EventRecorder, type Informer, type KeySource, keyOf, keysFrom } from '#reconcile';
import { isFinished } from '../shared/pods.plan.ts';
import { Teller } from '../shared/teller.ts';
import { ACCOUNT_UID, accountOf, INVALID_SINCE, planTokenSecret, TOKEN_SECRET } from './token-secrets.plan.ts';

export interface TokenSecretsDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly pods: Informer<Pod>;
  readonly secrets: Informer<Secret>;
  readonly serviceAccounts: Informer<ServiceAccount>;
}

/** Name of the Secret informer's index by the account that a token is of. */
const BY_ACCOUNT = 'account';

/** Whatever the caches say, an account counts as gone only when the server says so. */
export function createTokenSecretsController(deps: TokenSecretsDeps): Controller {
  const { client, clock, events, pods, secrets, serviceAccounts } = deps;
  const teller = new Teller(events);
  secrets.addIndex(BY_ACCOUNT, accountKeys);
  secrets.onChange(({ previous, current }) => {
    if (current === undefined && previous !== undefined) teller.forget(previous.metadata.uid);
  });

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
      if (plan.action === 'mark') await note(secret, { labels: { [INVALID_SINCE]: plan.day } });
      if (plan.action === 'adopt') await note(secret, { annotations: { [ACCOUNT_UID]: plan.uid } });
      if (plan.action === 'keep') teller.tell(secret, plan.event === undefined ? [] : [plan.event]);
      return 'requeueAfterMs' in plan && plan.requeueAfterMs !== undefined
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

  async function note({ metadata }: Secret, notes: Json): Promise<void> {
    const { resourceVersion } = metadata;
    const body = { metadata: { resourceVersion, ...(notes as object) } };
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
