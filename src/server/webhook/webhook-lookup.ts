import { isApiError, SECRETS, type Secret } from '#api';
import { GROUP_MASTERS } from '../auth/groups.plan.ts';
import type { Api, RequestContext } from '../registry/api.ts';
import type { WebhookSource } from './webhook.types.ts';

/** Finds the source that a path names; undefined for none. */
export type WebhookLookup = (name: string) => Promise<WebhookSource | undefined>;

const CONTEXT: RequestContext = {
  user: { name: 'system:plumbline:webhook', groups: [GROUP_MASTERS] },
  defaultManager: 'plumbline-webhook',
};

const REPOSITORY_NAMESPACE = 'argocd';
const REPOSITORY_LABEL = 'argocd.argoproj.io/secret-type';

/** Sources are the repository Secrets with a `webhookSecret`; read anew for each delivery, so that a new secret counts at once. */
export function createWebhookLookup(api: Pick<Api, 'row' | 'get'>): WebhookLookup {
  return async (name) => {
    const row = api.row(SECRETS.group, SECRETS.version, SECRETS.plural);
    if (row === undefined) return undefined;
    try {
      const secret = await api.get({ context: CONTEXT, row, namespace: REPOSITORY_NAMESPACE, name });
      return sourceOf(secret as Secret);
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  };
}

function sourceOf({ metadata, data = {} }: Secret): WebhookSource | undefined {
  if (metadata.labels?.[REPOSITORY_LABEL] !== 'repository') return undefined;
  const field = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
  const provider = field('webhookProvider') === 'github' ? 'github' : 'generic';
  return { name: metadata.name, url: field('url'), provider, secret: field('webhookSecret') };
}
