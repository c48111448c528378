import { readFile } from 'node:fs/promises';
import { isApiError, SECRETS, type Secret } from '#api';
import { errorCode, PlumblineError, shortHash, systemClock } from '#base';
import { parseRepositoryUrl, type RepositoryCredentials, scanHostKeys, testAccess } from '#git';
import { CliError } from '../errors.ts';
import { formatTable, plain } from '../output.ts';
import { APPLICATION_NAMESPACE, type Session } from '../session.ts';

/** The label by which Argo CD, and we, find repository credentials. */
const REPOSITORY_LABEL = 'argocd.argoproj.io/secret-type';
const MANAGER = 'plumb';
/** Where the server tells what it listens on. */
const ADDRESSES = '/plumbline/v1/addresses';

export interface RepoAddOptions {
  readonly sshKey?: string;
  readonly token?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly knownHosts?: string;
  readonly webhookSecretFile?: string;
  /** A row of docs/webhooks.md. */
  readonly webhookProvider?: string;
  /** Accepts the host key that the server shows now. */
  readonly yes?: boolean;
}

async function fileText(file: string): Promise<string> {
  try {
    return await readFile(file === '-' ? '/dev/stdin' : file, 'utf8');
  } catch (error) {
    throw new CliError(`cannot read ${file} (${errorCode(error) ?? 'unknown'})`, { cause: error, exitCode: 2 });
  }
}

/** Lines of known_hosts for an SSH repository: the ones given, or the keys shown now once a person accepted them. */
async function knownHosts(url: string, options: RepoAddOptions, session: Session): Promise<string> {
  if (options.knownHosts !== undefined) return fileText(options.knownHosts);
  const keys = await scanHostKeys(url);
  session.output.write('The server shows these host keys. Compare a fingerprint with what its owner publishes:');
  for (const { type, fingerprint } of keys) session.output.write(`  ${type} ${fingerprint}`);
  if (options.yes !== true) {
    throw new CliError('nothing was stored, because nobody has accepted the host key', {
      hint: 'When a fingerprint is right, repeat the command with --yes; or give --known-hosts FILE.',
    });
  }
  return `${keys.map(({ line }) => line).join('\n')}\n`;
}

/** Reads what was given, tries it against the server, and only then stores it as a Secret that Argo CD would read too. */
export async function addRepository(session: Session, url: string, options: RepoAddOptions): Promise<void> {
  const repository = parseRepositoryUrl(url, { allowLocal: false });
  const credentials: RepositoryCredentials = {
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.passwordFile === undefined ? {} : { password: (await fileText(options.passwordFile)).trimEnd() }),
    ...(options.token === undefined ? {} : { token: (await fileText(options.token)).trim() }),
    ...(options.sshKey === undefined ? {} : { sshPrivateKey: await fileText(options.sshKey) }),
    ...(repository.kind === 'ssh' ? { sshKnownHosts: await knownHosts(url, options, session) } : {}),
  };
  const access = await testAccess(url, credentials, { allowLocal: false, clock: systemClock }).catch(
    (error: unknown) => {
      if (error instanceof PlumblineError)
        throw new CliError(`${plain(url)} cannot be read: ${error.message}`, {
          hint: 'Nothing was stored.',
          cause: error,
        });
      throw error;
    },
  );
  const webhook =
    options.webhookSecretFile === undefined
      ? {}
      : {
          webhookSecret: (await fileText(options.webhookSecretFile)).trim(),
          webhookProvider: options.webhookProvider ?? 'generic',
        };
  const name = `repo-${shortHash(repository.identity)}`;
  const { output, client } = session;
  // Asked before anything is stored: a server that does not tell it takes no webhooks either.
  const webhooks =
    'webhookSecret' in webhook ? (await client.read<{ webhooks: string }>(ADDRESSES)).webhooks : undefined;
  await client.apply(
    SECRETS,
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: APPLICATION_NAMESPACE, labels: { [REPOSITORY_LABEL]: 'repository' } },
      type: 'Opaque',
      stringData: { type: 'git', url, ...credentials, ...webhook },
    },
    { fieldManager: MANAGER, force: true },
  );
  output.write(
    `${plain(url)} can be read (${access.branches.length} branches, HEAD is ${access.defaultBranch ?? 'unborn'}). Stored as Secret ${APPLICATION_NAMESPACE}/${name}.`,
  );
  if (webhooks !== undefined)
    output.write(`Webhook address: ${webhooks}/webhook/${name} (put your reverse proxy in front of it)`);
}

const decode = (secret: Secret, key: string) => {
  const encoded = (secret.data as Record<string, string> | undefined)?.[key];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
};

/** Addresses and which credentials there are; never the credentials. */
export async function listRepositories({ client, output }: Session): Promise<void> {
  const { items } = await client.list(SECRETS, {
    namespace: APPLICATION_NAMESPACE,
    labelSelector: `${REPOSITORY_LABEL}=repository`,
  });
  if (items.length === 0) {
    output.note('No credentials are stored: only public and local repositories can be read.');
    output.note('To add some: plumb repo add URL --ssh-key FILE, or --token FILE.');
    return;
  }
  const rows = items.map((secret) => [
    plain(decode(secret, 'url') ?? '-'),
    ['sshPrivateKey', 'token', 'password', 'webhookSecret']
      .filter((key) => decode(secret, key) !== undefined)
      .join(', ') || 'none',
    secret.metadata.name,
  ]);
  output.write(formatTable(['REPOSITORY', 'HAS', 'SECRET'], rows));
}

export async function removeRepository({ client, output }: Session, url: string): Promise<void> {
  const name = `repo-${shortHash(parseRepositoryUrl(url, { allowLocal: false }).identity)}`;
  try {
    const found = await client.get(SECRETS, { namespace: APPLICATION_NAMESPACE, name });
    if (found === undefined)
      throw new CliError(`no credentials are stored for ${plain(url)}`, {
        hint: 'plumb repo list shows the ones there are.',
      });
    await client.delete(SECRETS, { namespace: APPLICATION_NAMESPACE, name });
    output.write(`Removed ${name}. Applications that read ${plain(url)} go on with the last commit they have.`);
  } catch (error) {
    if (isApiError(error, 'Forbidden'))
      throw new CliError('you may not remove repository credentials', { cause: error });
    throw error;
  }
}
