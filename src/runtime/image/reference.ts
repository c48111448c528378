/** An image name, taken apart and completed. */
export interface ImageReference {
  /** `docker.io`, `ghcr.io`, `localhost:5000`. */
  readonly registry: string;
  /** `library/busybox`. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
  /** Complete: `docker.io/library/busybox:latest`. Never mistaken by an engine for the beginning of an image id. */
  readonly full: string;
}

/** Longest repository name. Source: distribution/reference regexp.go, NameTotalLengthMax. */
const MAX_NAME = 255;
const DEFAULT_REGISTRY = 'docker.io';
const REGISTRY =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Reads an image name as Docker does; undefined when it is none. Source: distribution/reference normalize.go. */
export function parseImageReference(text: string): ImageReference | undefined {
  if (text.length === 0 || text.length > 2 * MAX_NAME) return undefined;
  const [withTag = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return undefined;
  const colon = withTag.lastIndexOf(':');
  const hasTag = colon > withTag.lastIndexOf('/');
  const tag = hasTag ? withTag.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag)) return undefined;

  const [registry, path] = splitRegistry(hasTag ? withTag.slice(0, colon) : withTag);
  const repository = registry === DEFAULT_REGISTRY && !path.includes('/') ? `library/${path}` : path;
  if (!REGISTRY.test(registry) || !repository.split('/').every((part) => COMPONENT.test(part))) return undefined;
  if (registry.length + 1 + repository.length > MAX_NAME) return undefined;

  const version = `${tag === undefined ? (digest === undefined ? ':latest' : '') : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
  return {
    registry,
    repository,
    tag: tag ?? (digest === undefined ? 'latest' : undefined),
    digest,
    full: `${registry}/${repository}${version}`,
  };
}

/** The first part is a registry when it has a dot, a port, an upper-case letter, or is `localhost`. */
function splitRegistry(name: string): readonly [registry: string, path: string] {
  const slash = name.indexOf('/');
  if (slash < 0) return [DEFAULT_REGISTRY, name];
  const first = name.slice(0, slash);
  if (!/[.:]/.test(first) && first !== 'localhost' && first.toLowerCase() === first) return [DEFAULT_REGISTRY, name];
  return [first === 'index.docker.io' ? DEFAULT_REGISTRY : first, name.slice(slash + 1)];
}
