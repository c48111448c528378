import { quantityToBytes, type Volume } from '#api';
import { type EnvInput, fieldValue, resourceValue } from '../pod/env.plan.ts';
import type { Pod } from '../pod/pod.types.ts';
import {
  configMapValue,
  keysOf,
  type Reference,
  type References,
  referenceKey,
  secretValue,
} from '../pod/references.plan.ts';
import { type TokenState, type Tokens, tokenKey, tokenSourceOf } from '../tokens/token.plan.ts';
import type { ClaimMount, EngineVolume } from './claim.plan.ts';

/** One file of a volume. `path` is relative and clean. */
export interface VolumeFile {
  readonly content: Buffer;
  readonly mode: number;
  /** Whose it is; root's when absent. */
  readonly user?: number;
}

/**
 * What a volume is: a folder of the pod's own, files from the API, a path of the host, a folder that outlives the pod,
 * what a server shares, a volume of the container engine, or why it cannot be made.
 * `secret`: holds a Secret's values, so it belongs in memory.
 */
export type VolumePlan =
  | { readonly type: 'emptyDir'; readonly memory: boolean; readonly sizeBytes?: number }
  | { readonly type: 'files'; readonly files: ReadonlyMap<string, VolumeFile>; readonly secret: boolean }
  | { readonly type: 'hostPath'; readonly path: string; readonly check: string; readonly readOnly?: boolean }
  | { readonly type: 'folder'; readonly handle: string; readonly readOnly: boolean }
  | {
      readonly type: 'nfs';
      readonly server: string;
      readonly path: string;
      readonly options: readonly string[];
      readonly readOnly: boolean;
    }
  | ({ readonly type: 'engine'; readonly readOnly: boolean } & EngineVolume)
  | { readonly type: 'failed'; readonly message: string };

export interface VolumeInput extends Pick<EnvInput, 'references' | 'podIP' | 'hostIP' | 'node'> {
  readonly pod: Pod;
  readonly volume: Volume;
  readonly tokens: Tokens;
  /** What the pod's claims are, by the volume's name. */
  readonly claims: ReadonlyMap<string, ClaimMount>;
}

/** Source: core/v1 ConfigMapVolumeSourceDefaultMode, SecretVolumeSourceDefaultMode (v1.32). */
const DEFAULT_MODE = 0o644;

export function planVolume(input: VolumeInput): VolumePlan {
  const { volume } = input;
  if (volume.emptyDir) {
    const { medium, sizeLimit } = volume.emptyDir;
    const sizeBytes = sizeLimit === undefined ? 0 : quantityToBytes(sizeLimit);
    return { type: 'emptyDir', memory: medium === 'Memory', ...(sizeBytes > 0 ? { sizeBytes } : {}) };
  }
  if (volume.hostPath) return { type: 'hostPath', path: volume.hostPath.path, check: volume.hostPath.type ?? '' };
  if (volume.nfs) {
    const { server, path, readOnly = false } = volume.nfs;
    return { type: 'nfs', server, path, options: readOnly ? ['ro'] : [], readOnly };
  }
  const claim = input.claims.get(volume.name);
  if (claim !== undefined) return { ...claim.source, readOnly: claim.readOnly };
  const collector = new FileCollector(input.references);
  if (volume.configMap) {
    const { name = '', items, optional, defaultMode } = volume.configMap;
    collector.addKeys({ kind: 'configMap', name, items, optional, mode: defaultMode ?? DEFAULT_MODE });
  } else if (volume.secret) {
    const { secretName: name = '', items, optional, defaultMode } = volume.secret;
    collector.addKeys({ kind: 'secret', name, items, optional, mode: defaultMode ?? DEFAULT_MODE });
  } else if (volume.downwardAPI) {
    addDownward(collector, input, volume.downwardAPI.items ?? [], volume.downwardAPI.defaultMode ?? DEFAULT_MODE);
  } else if (volume.projected) {
    const mode = volume.projected.defaultMode ?? DEFAULT_MODE;
    for (const source of volume.projected.sources ?? []) {
      if (source.configMap) collector.addKeys({ kind: 'configMap', name: '', ...source.configMap, mode });
      if (source.secret) collector.addKeys({ kind: 'secret', name: '', ...source.secret, mode });
      if (source.downwardAPI) addDownward(collector, input, source.downwardAPI.items ?? [], mode);
      if (source.serviceAccountToken) addToken(collector, input, source.serviceAccountToken, mode);
    }
  } else {
    const [kind] = Object.keys(volume).filter((key) => key !== 'name');
    collector.fail(`volumes of the kind ${kind ?? 'unknown'} are not supported`);
  }
  return collector.result();
}

type TokenProjection = Parameters<typeof tokenSourceOf>[0] & { readonly path: string };

/**
 * A token is its user's alone where one is known, or its group's: the rest of the volume says so by its mode.
 * Source: kubernetes pkg/volume/projected/projected.go, collectData, and volume/util FsUserFrom (v1.32).
 */
function addToken(
  collector: FileCollector,
  { pod, tokens }: VolumeInput,
  projection: TokenProjection,
  defaultMode: number,
): void {
  const user = soleUser(pod);
  const mode = user !== undefined || pod.spec.securityContext?.fsGroup !== undefined ? 0o600 : defaultMode;
  collector.addToken(projection.path, tokens.get(tokenKey(tokenSourceOf(projection))), mode, user);
}

/** The user that all containers run as, if the pod says so. */
function soleUser({ spec }: Pod): number | undefined {
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  const users = new Set(all.map((each) => each.securityContext?.runAsUser ?? spec.securityContext?.runAsUser));
  const [first] = users;
  return users.size === 1 ? first : undefined;
}

type DownwardItem = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number];

function addDownward(
  collector: FileCollector,
  input: VolumeInput,
  items: readonly DownwardItem[],
  defaultMode: number,
): void {
  for (const { path, mode, fieldRef, resourceFieldRef } of items) {
    const spec = input.pod.spec.containers.find(({ name }) => name === resourceFieldRef?.containerName);
    const value = fieldRef
      ? fieldValue(input, fieldRef.fieldPath)
      : resourceFieldRef && spec
        ? resourceValue({ spec, node: input.node }, resourceFieldRef)
        : undefined;
    if (value === undefined) collector.fail(`the downward API item ${path} refers to nothing`);
    else collector.add(path, Buffer.from(value, 'utf8'), mode ?? defaultMode);
  }
}

interface KeysSource {
  readonly kind: Reference['kind'];
  readonly name: string;
  readonly items?:
    | readonly { readonly key: string; readonly path: string; readonly mode?: number | undefined }[]
    | undefined;
  readonly optional?: boolean | undefined;
  readonly mode: number;
}

/** Gathers files; the first failure counts. */
class FileCollector {
  readonly #references: References;
  readonly #files = new Map<string, VolumeFile>();
  #secret = false;
  #failure: string | undefined;

  constructor(references: References) {
    this.#references = references;
  }

  addKeys({ kind, name, items, optional = false, mode }: KeysSource): void {
    if (kind === 'secret') this.#secret = true;
    const keys = keysOf(this.#references, kind, name);
    if (keys === undefined) {
      const known = this.#references.get(referenceKey({ kind, name }))?.state;
      if (known !== 'absent') this.fail(`${kind.toLowerCase()} "${name}" is not known yet`);
      else if (!optional) this.fail(`${kind.toLowerCase()} "${name}" not found`);
      return;
    }
    const value = kind === 'secret' ? secretValue : configMapValue;
    for (const item of items ?? keys.map((key) => ({ key, path: key, mode: undefined }))) {
      const content = value(this.#references, name, item.key);
      if (content !== undefined) this.add(item.path, content, item.mode ?? mode);
      else if (!optional) this.fail(`references non-existent ${kind.toLowerCase()} key: ${item.key}`);
    }
  }

  addToken(path: string, found: TokenState | undefined, mode: number, user: number | undefined): void {
    this.#secret = true;
    if (found?.state === 'present') this.add(path, Buffer.from(found.token, 'utf8'), mode, user);
    else this.fail(`failed to fetch token: ${found?.state === 'failed' ? found.message : 'there is none yet'}`);
  }

  add(path: string, content: Buffer, mode: number, user?: number): void {
    const owner = user === undefined ? {} : { user };
    if (isCleanPath(path)) this.#files.set(path, { content, mode: mode & 0o777, ...owner });
    else this.fail(`the path ${JSON.stringify(path)} leads out of the volume`);
  }

  fail(message: string): void {
    this.#failure ??= message;
  }

  result(): VolumePlan {
    if (this.#failure !== undefined) return { type: 'failed', message: this.#failure };
    return { type: 'files', files: this.#files, secret: this.#secret };
  }
}

/** Longest path of a file inside a volume, and of one of its parts. Source: atomic_writer.go, validatePath (v1.32). */
const MAX_PATH = 4096;
const MAX_PART = 255;

/** Relative, without `..`, and not among the names that the atomic swap itself uses. */
export function isCleanPath(path: string): boolean {
  if (path === '' || path.length > MAX_PATH || path.startsWith('/') || path.includes('\u0000')) return false;
  const parts = path.split('/');
  if (parts[0]?.startsWith('..')) return false;
  return parts.every((part) => part !== '' && part !== '.' && part !== '..' && part.length <= MAX_PART);
}
