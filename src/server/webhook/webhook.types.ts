/** How a source proves itself: GitHub's header, or ours (a signature, or the secret as bearer token). */
export type WebhookProvider = 'github' | 'generic';

/** A repository that may send webhooks. */
export interface WebhookSource {
  /** What is in the path: the name of the repository's Secret. */
  readonly name: string;
  readonly url: string;
  readonly provider: WebhookProvider;
  /** Empty: nothing is accepted. */
  readonly secret: string;
}

/** "Something may have changed in this repository." Nothing in it comes from the payload. */
export interface WebhookHint {
  readonly id: string;
  readonly source: string;
  /** As the operator configured it. */
  readonly url: string;
}
