/** Rules of ConfigMaps and Secrets. Source: kubernetes pkg/apis/core/validation/validation.go (v1.32). */
import { equalJson } from '#base';
import type { ConfigMap, Secret } from '../kinds/types.ts';
import { checked, type Issues, type Loose, requiredText } from './checks.ts';
import { forbidden, invalid, required, tooLong } from './issues.ts';
import { configKey } from './names.ts';

/** All of one ConfigMap's or Secret's values, in bytes. Source: core/v1 types.go, MaxSecretSize. */
export const MAX_CONFIG_BYTES = 1024 * 1024;

export function* validateConfigMap({ data = {}, binaryData = {} }: Loose<ConfigMap>): Issues {
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    yield* checked(`data[${key}]`, key, configKey);
    if (Object.hasOwn(binaryData, key)) yield invalid(`data[${key}]`, key, 'duplicate of key present in binaryData');
    bytes += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    yield* checked(`binaryData[${key}]`, key, configKey);
    yield* validateBase64(value, `binaryData[${key}]`);
    bytes += decodedBytes(value);
  }
  if (bytes > MAX_CONFIG_BYTES) yield tooLong('data', MAX_CONFIG_BYTES);
}

export function* validateSecret({ data = {}, stringData = {}, type = 'Opaque', metadata }: Loose<Secret>): Issues {
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    yield* checked(`data[${key}]`, key, configKey);
    yield* validateBase64(value, `data[${key}]`);
    bytes += decodedBytes(value);
  }
  for (const [key, value] of Object.entries(stringData)) {
    yield* checked(`stringData[${key}]`, key, configKey);
    bytes += Buffer.byteLength(value);
  }
  if (bytes > MAX_CONFIG_BYTES) yield tooLong('data', MAX_CONFIG_BYTES);
  yield* validateSecretOfType({ ...stringData, ...data }, type, metadata?.annotations ?? {});
}

/** Type → keys that it must have. */
const NEEDED_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ['kubernetes.io/dockercfg', ['.dockercfg']],
  ['kubernetes.io/dockerconfigjson', ['.dockerconfigjson']],
  ['kubernetes.io/ssh-auth', ['ssh-privatekey']],
  ['kubernetes.io/tls', ['tls.crt', 'tls.key']],
]);
const JSON_TYPES = new Set(['kubernetes.io/dockercfg', 'kubernetes.io/dockerconfigjson']);

function* validateSecretOfType(
  data: Readonly<Record<string, string>>,
  type: string,
  annotations: Readonly<Record<string, string>>,
): Issues {
  for (const key of NEEDED_KEYS.get(type) ?? []) {
    const value = Object.hasOwn(data, key) ? data[key] : undefined;
    if (value === undefined) yield required(`data[${key}]`);
    else if (JSON_TYPES.has(type) && !holdsJson(value)) {
      yield invalid(`data[${key}]`, '<secret contents redacted>', 'must be valid JSON');
    }
  }
  if (type === 'kubernetes.io/basic-auth' && !Object.hasOwn(data, 'username') && !Object.hasOwn(data, 'password')) {
    yield required('data[username]');
    yield required('data[password]');
  }
  if (type === 'kubernetes.io/service-account-token') {
    const name = 'kubernetes.io/service-account.name';
    yield* requiredText(`metadata.annotations[${name}]`, annotations[name]);
  }
}

function holdsJson(base64: string): boolean {
  try {
    JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
    return true;
  } catch {
    // The one way to ask whether a text is JSON.
    return false;
  }
}

/** The value stays out of the message: it may be a secret. */
function* validateBase64(value: string, path: string): Issues {
  const text = value.replaceAll(/[\r\n]/g, '');
  if (text.length % 4 !== 0 || !/^[^=]*={0,2}$/.test(text)) {
    yield { reason: 'FieldValueInvalid', path, message: 'Invalid value: illegal base64 data' };
  }
}

function decodedBytes(base64: string): number {
  return Math.floor((base64.length * 3) / 4);
}

type Config = Loose<ConfigMap> & Pick<Loose<Secret>, 'stringData' | 'type'>;

/** What is immutable stays so, and cannot be made mutable again. */
export function* validateConfigUpdate(object: Config, old: Config): Issues {
  if (object.type !== old.type) yield invalid('type', object.type ?? '', 'field is immutable');
  if (old.immutable !== true) return;
  const because = 'field is immutable when `immutable` is set';
  if (object.immutable !== true) yield forbidden('immutable', because);
  if (!equalJson(object.data ?? {}, old.data ?? {})) yield forbidden('data', because);
  if (!equalJson(object.binaryData ?? {}, old.binaryData ?? {})) yield forbidden('binaryData', because);
}
