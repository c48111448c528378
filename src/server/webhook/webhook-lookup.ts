import type { IncomingHttpHeaders } from 'node:http';
import { isApiError, type ResourceType, SECRETS, type Secret, type StoredObject, SYNC_RUNS, type SyncRun } from '#api';
import { GROUP_MASTERS } from '../auth/groups.plan.ts';
import type { Api, RequestContext, ResourceRow } from '../registry/api.ts';
import { FORGES } from './forges.ts';
import type { WebhookProvider, WebhookSource } from './webhook.types.ts';

export interface WebhookLookup {
  /** The source that a path names; undefined for none. */
  readonly repository: (name: string) => Promise<WebhookSource | undefined>;
  /** The forge whose headers these are, with its secret of the `argocd-secret`; undefined for none. */
  readonly shared: (headers: IncomingHttpHeaders) => Promise<WebhookSource | undefined>;
  /** The runs that a delivery led to, oldest first. */
  readonly runs: (delivery: string) => Promise<readonly SyncRun[]>;
}

const CONTEXT: RequestContext = {
  user: { name: 'system:plumbline:webhook', groups: [GROUP_MASTERS] },
  defaultManager: 'plumbline-webhook',
};

const NAMESPACE = 'argocd';
const REPOSITORY_LABEL = 'argocd.argoproj.io/secret-type';

const SHARED_SECRET = 'argocd-secret';

/**
 * Whose header makes it whose delivery, in this order, for the heirs of Gogs send the headers of their ancestors and
 * GitHub's too. The key is Argo CD's. Source: argo-cd docs/operator-manual/webhook.md and argocd-secret.yaml (v3.0).
 */
const SHARED: readonly { readonly header: string; readonly provider: WebhookProvider; readonly key: string }[] = [
  { header: 'x-forgejo-event', provider: 'forgejo', key: 'webhook.gogs.secret' },
  { header: 'x-gitea-event', provider: 'gitea', key: 'webhook.gogs.secret' },
  { header: 'x-gogs-event', provider: 'gogs', key: 'webhook.gogs.secret' },
  { header: 'x-github-event', provider: 'github', key: 'webhook.github.secret' },
  { header: 'x-gitlab-event', provider: 'gitlab', key: 'webhook.gitlab.secret' },
  { header: 'x-hook-uuid', provider: 'bitbucket-uuid', key: 'webhook.bitbucket.uuid' },
  { header: 'x-event-key', provider: 'bitbucket-server', key: 'webhook.bitbucketserver.secret' },
];

/** Secrets are read anew for each delivery, so that a new one counts at once. */
export function createWebhookLookup(api: Pick<Api, 'row' | 'get' | 'list'>): WebhookLookup {
  function rowOf({ group, version, plural }: ResourceType): ResourceRow {
    const row = api.row(group, version, plural);
    if (row === undefined) throw new Error(`${plural} are not served`);
    return row;
  }

  async function secretOf(name: string): Promise<Secret | undefined> {
    try {
      return (await api.get({ context: CONTEXT, row: rowOf(SECRETS), namespace: NAMESPACE, name })) as Secret;
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  return {
    async repository(name) {
      const secret = await secretOf(name);
      return secret === undefined ? undefined : sourceOf(secret);
    },
    async shared(headers) {
      const sender = SHARED.find(({ header }) => headers[header] !== undefined);
      const secret = sender === undefined ? undefined : await secretOf(SHARED_SECRET);
      if (sender === undefined || secret === undefined) return undefined;
      const text = textOf(secret, sender.key);
      // "$name:key" points to another Secret in Argo CD: taken as a secret it would be one that anybody can guess.
      return { name: SHARED_SECRET, provider: sender.provider, secret: text.startsWith('$') ? '' : text };
    },
    async runs(delivery) {
      const { items } = await api.list({ context: CONTEXT, row: rowOf(SYNC_RUNS), namespace: NAMESPACE });
      return (items as readonly StoredObject[] as readonly SyncRun[]).filter(
        ({ spec }) => spec.webhooks?.includes(delivery) === true,
      );
    },
  };
}

function sourceOf(secret: Secret): WebhookSource | undefined {
  const { metadata } = secret;
  if (metadata.labels?.[REPOSITORY_LABEL] !== 'repository') return undefined;
  const provider = providerOf(textOf(secret, 'webhookProvider'));
  if (provider === undefined) return undefined;
  return { name: metadata.name, url: textOf(secret, 'url'), provider, secret: textOf(secret, 'webhookSecret') };
}

/** A name that we do not know is nobody's: what it asks for is not what `generic` checks. */
function providerOf(text: string): WebhookProvider | undefined {
  if (text === '') return 'generic';
  return Object.hasOwn(FORGES, text) ? (text as WebhookProvider) : undefined;
}

function textOf({ data = {} }: Secret, key: string): string {
  return Buffer.from(data[key] ?? '', 'base64').toString('utf8');
}
