/** How a source proves itself and what its payloads look like: a row of `FORGES` each. */
export type WebhookProvider =
  | 'github'
  | 'gitlab'
  | 'gitea'
  | 'forgejo'
  | 'gogs'
  | 'bitbucket'
  | 'bitbucket-uuid'
  | 'bitbucket-server'
  | 'generic';

/** Who may send webhooks. */
export interface WebhookSource {
  /** The name of the Secret that says so: of a repository, or Argo CD's own. */
  readonly name: string;
  /** The repository as the operator configured it; undefined: the payload names it, and only one in use is fetched. */
  readonly url?: string;
  readonly provider: WebhookProvider;
  /** Empty: nothing is accepted. */
  readonly secret: string;
}

/** "Something may have changed in this repository." */
export interface WebhookHint {
  readonly id: string;
  /** The repository Secret; undefined: `urls` come from a payload and may only be compared with addresses in use. */
  readonly source?: string;
  /** One repository, in every form that its address has. */
  readonly urls: readonly string[];
  /** Files that the push changed, from the repository's root; undefined: any may have. Only ever compared. */
  readonly paths?: readonly string[];
}

/** What the payloads of a forge tell. */
export interface ForgePayload {
  /** Header that names the event; undefined: every delivery is a push. */
  readonly eventHeader?: string;
  /** Events after which a branch or tag may stand elsewhere. */
  readonly pushes: ReadonlySet<string>;
  /** The event that only tries the address. */
  readonly ping?: string;
  /** The repository's addresses in a payload. */
  readonly urls: (payload: unknown) => readonly string[];
  /** The changed files in a payload that tells all of them. */
  readonly paths: (payload: unknown) => readonly string[] | undefined;
}
