import type { Pod, Secret } from '#api';
import { loginsIn, type RegistryLogin } from '#runtime';
import { type Reference, type References, referenceKey, secretValue } from './references.plan.ts';

/** What one image is pulled with. */
export interface PullLoginsPlan {
  readonly logins: readonly RegistryLogin[];
  /** Secrets that give no login, each with why: told to people, for the pull may fail for that. */
  readonly unusable: readonly string[];
}

/** The types of Secret that hold logins, and under which key. Source: core/v1 types.go, SecretTypeDockerConfigJson (v1.32). */
const KEY_OF_TYPE = {
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
} as const;

/** The Secrets that `spec.imagePullSecrets` names, in its order. */
export function pullSecretsOf({ metadata, spec }: Pod): readonly Reference[] {
  const namespace = metadata.namespace ?? '';
  return (spec.imagePullSecrets ?? []).flatMap(({ name }) =>
    name === undefined || name === '' ? [] : [{ kind: 'secret', namespace, name }],
  );
}

/** The logins for an image in the pod's pull secrets, in the pod's order. A secret that cannot be used stops no pull. */
export function planPullLogins(image: string, secrets: readonly Reference[], references: References): PullLoginsPlan {
  const logins: RegistryLogin[] = [];
  const unusable: string[] = [];
  for (const secret of secrets) {
    const found = loginsOf(image, secret, references);
    if (typeof found === 'string') unusable.push(`${secret.name}: ${found}`);
    else logins.push(...found);
  }
  return { logins, unusable };
}

/** The logins, or why there are none. */
function loginsOf(image: string, secret: Reference, references: References): readonly RegistryLogin[] | string {
  const found = references.get(referenceKey(secret));
  if (found?.state !== 'present') return found?.state === 'absent' ? 'it is not there' : 'the server does not answer';
  const { type } = found.object as Secret;
  if (type !== 'kubernetes.io/dockerconfigjson' && type !== 'kubernetes.io/dockercfg') {
    return `it is of type ${type ?? 'Opaque'}, not kubernetes.io/dockerconfigjson`;
  }
  const text = secretValue(references, secret.name, KEY_OF_TYPE[type])?.toString('utf8') ?? '';
  return loginsIn(text, type, image) ?? `its ${KEY_OF_TYPE[type]} holds no logins`;
}
