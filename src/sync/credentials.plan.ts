import type { Secret } from '#api';

/** What a repository Secret says. */
export interface RepositorySecret {
  readonly name: string;
  readonly url: string;
  /** `repo-creds`: for every repository below the URL. */
  readonly isTemplate: boolean;
  readonly credentials: {
    readonly username?: string;
    readonly password?: string;
    readonly token?: string;
    readonly sshPrivateKey?: string;
    readonly sshKnownHosts?: string;
  };
}

/** Source: argo-cd docs/operator-manual/declarative-setup.md, "Repositories". */
export const SECRET_TYPE_LABEL = 'argocd.argoproj.io/secret-type';
const FIELDS = ['username', 'password', 'token', 'sshPrivateKey', 'sshKnownHosts'] as const;

export function readRepositorySecret(secret: Secret): RepositorySecret | undefined {
  const type = secret.metadata.labels?.[SECRET_TYPE_LABEL];
  if (type !== 'repository' && type !== 'repo-creds') return undefined;
  const url = field(secret, 'url');
  if (url === undefined) return undefined;
  const credentials: Record<string, string> = {};
  for (const name of FIELDS) {
    const value = field(secret, name);
    if (value !== undefined) credentials[name] = value;
  }
  return { name: secret.metadata.name, url: url.trim(), isTemplate: type === 'repo-creds', credentials };
}

function field({ data }: Secret, name: string): string | undefined {
  const value = data?.[name];
  if (value === undefined || value === '') return undefined;
  return Buffer.from(value, 'base64').toString('utf8');
}

/** The Secret for a repository: its own first, else the template with the longest matching URL. */
export function secretFor(
  url: string,
  secrets: readonly RepositorySecret[],
  isSame: (left: string, right: string) => boolean,
): RepositorySecret | undefined {
  const own = secrets.find((secret) => !secret.isTemplate && isSame(secret.url, url));
  if (own !== undefined) return own;
  return secrets
    .filter((secret) => secret.isTemplate && covers(secret.url, url))
    .toSorted((a, b) => b.url.length - a.url.length)[0];
}

/** Whole path segments only: credentials for `https://host/team` are none for `https://host/team-evil`. */
function covers(prefix: string, url: string): boolean {
  const base = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  return base !== '' && (url === base || url.startsWith(`${base}/`));
}
