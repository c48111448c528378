import { writePrivateFile } from './private-file.ts';

export interface KubeconfigOptions {
  readonly path: string;
  /** `https://127.0.0.1:7443`. */
  readonly server: string;
  /** PEM of the authority the client must trust. */
  readonly ca: string;
  readonly user: string;
  readonly token: string;
  /** Name of cluster and context; `plumbline` when absent. */
  readonly name?: string;
}

/** Writes a kubeconfig with one cluster, user and context, of mode 0600. Every value is JSON-quoted, which is YAML too. */
export async function writeKubeconfig(options: KubeconfigOptions): Promise<void> {
  const { path, server, ca, user, token, name = 'plumbline' } = options;
  const q = (value: string) => JSON.stringify(value);
  await writePrivateFile(
    path,
    `apiVersion: v1
kind: Config
current-context: ${q(name)}
clusters:
  - name: ${q(name)}
    cluster:
      server: ${q(server)}
      certificate-authority-data: ${Buffer.from(ca).toString('base64')}
users:
  - name: ${q(user)}
    user:
      token: ${q(token)}
contexts:
  - name: ${q(name)}
    context:
      cluster: ${q(name)}
      user: ${q(user)}
`,
  );
}
