import type { IncomingHttpHeaders } from 'node:http';
import { webhookLimits } from './limits.ts';
import { changedPaths, linkedUrls, projectUrls, repositoryUrls } from './payload.plan.ts';
import { type Header, isHexSigned, isSameText, isStandardSigned } from './signature.ts';
import type { ForgePayload, WebhookProvider } from './webhook.types.ts';

export interface Proof {
  readonly secret: string;
  /** The body as it came. */
  readonly bytes: Uint8Array;
  readonly headers: IncomingHttpHeaders;
  readonly nowMs: number;
}

/** What there is to know of a forge's webhooks. */
export interface Forge extends ForgePayload {
  /** Whether the sender knows the secret, which is not empty. */
  readonly isAuthentic: (proof: Proof) => boolean;
  /** Header that is the same when a delivery is sent again. */
  readonly deliveryHeader: string;
}

const GIT_EVENTS = new Set(['push', 'create', 'delete']);
const none = () => undefined;

const hex =
  (header: string, prefix = '') =>
  ({ secret, bytes, headers }: Proof) =>
    isHexSigned(secret, bytes, headers[header], prefix);

/** Undefined: the delivery carries no such signature. */
function standard({ secret, bytes, headers, nowMs }: Proof): boolean | undefined {
  const signature = headers['webhook-signature'];
  if (signature === undefined) return undefined;
  const parts = { id: headers['webhook-id'], timestamp: headers['webhook-timestamp'], signature };
  return isStandardSigned(secret, bytes, parts, { nowMs, windowMs: webhookLimits.replayWindowMs });
}

function bearer(header: Header): string | undefined {
  return typeof header === 'string' ? /^Bearer (\S+)$/i.exec(header)?.[1] : undefined;
}

/** Gogs and what came from it: a hex HMAC without a prefix, and GitHub's payload with GitHub's events. */
function gogsLike(name: string): Forge {
  return {
    isAuthentic: hex(`x-${name}-signature`),
    eventHeader: `x-${name}-event`,
    pushes: GIT_EVENTS,
    deliveryHeader: `x-${name}-delivery`,
    urls: repositoryUrls,
    paths: changedPaths,
  };
}

/** One row a forge. Which row counts is decided by who configured the secret, never by what a request brings along. */
export const FORGES: Readonly<Record<WebhookProvider, Forge>> = {
  // Source: docs.github.com, "Validating webhook deliveries" and "Webhook events and payloads", push.
  github: {
    isAuthentic: hex('x-hub-signature-256', 'sha256='),
    eventHeader: 'x-github-event',
    pushes: GIT_EVENTS,
    ping: 'ping',
    deliveryHeader: 'x-github-delivery',
    urls: repositoryUrls,
    paths: changedPaths,
  },
  // Source: docs.gitlab.com user/project/integrations/webhook_events, push and tag events; signing: gitlab !230944.
  gitlab: {
    isAuthentic: (proof) => standard(proof) ?? isSameText(proof.headers['x-gitlab-token'], proof.secret),
    eventHeader: 'x-gitlab-event',
    pushes: new Set(['Push Hook', 'Tag Push Hook']),
    deliveryHeader: 'idempotency-key',
    urls: projectUrls,
    paths: changedPaths,
  },
  // Source: docs.gitea.com usage/webhooks.
  gitea: gogsLike('gitea'),
  // Source: forgejo.org/docs, user/webhooks.
  forgejo: gogsLike('forgejo'),
  // Source: gogs.io/docs/features/webhook.
  gogs: gogsLike('gogs'),
  // Source: support.atlassian.com bitbucket-cloud, "Event payloads" (repo:push) and "Manage webhooks", secrets.
  bitbucket: {
    isAuthentic: hex('x-hub-signature', 'sha256='),
    eventHeader: 'x-event-key',
    pushes: new Set(['repo:push']),
    deliveryHeader: 'x-request-uuid',
    urls: linkedUrls,
    paths: none,
  },
  // The same, known by its UUID alone. Source: argo-cd docs/operator-manual/webhook.md, webhook.bitbucket.uuid.
  'bitbucket-uuid': {
    isAuthentic: ({ secret, headers }) => isSameText(headers['x-hook-uuid'], secret),
    eventHeader: 'x-event-key',
    pushes: new Set(['repo:push']),
    deliveryHeader: 'x-request-uuid',
    urls: linkedUrls,
    paths: none,
  },
  // Source: confluence.atlassian.com bitbucketserver, "Event payload" and "Manage webhooks".
  'bitbucket-server': {
    isAuthentic: hex('x-hub-signature', 'sha256='),
    eventHeader: 'x-event-key',
    pushes: new Set(['repo:refs_changed', 'mirror:repo_synchronized']),
    ping: 'diagnostics:ping',
    deliveryHeader: 'x-request-id',
    urls: linkedUrls,
    paths: none,
  },
  // Ours, or Standard Webhooks: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
  generic: {
    isAuthentic: (proof) => {
      const own = proof.headers['x-plumbline-signature'];
      if (own !== undefined) return isHexSigned(proof.secret, proof.bytes, own, 'sha256=');
      return standard(proof) ?? isSameText(bearer(proof.headers.authorization), proof.secret);
    },
    pushes: new Set(),
    deliveryHeader: 'x-plumbline-delivery',
    urls: repositoryUrls,
    paths: changedPaths,
  },
};

/** Bitbucket Server signs no ping, so whoever sends one is answered, whatever it is about. */
export function isUnsignedPing(headers: IncomingHttpHeaders): boolean {
  return headers['x-event-key'] === FORGES['bitbucket-server'].ping;
}
