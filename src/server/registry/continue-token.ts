import { ApiError, type Status } from '#api';
import { sha256Hex } from '#base';
import { badRequest } from './errors.ts';

/** Where a list goes on. */
export interface ContinuePoint {
  /** As things stood then; undefined: as they stand now, which may not fit what the pages before showed. */
  readonly revision: number | undefined;
  /** After this key, which is told from where the list's keys begin. */
  readonly after: string;
}

const DIGEST_BYTES = 8;
/** Stands for "now" in a token. Source: apiserver storage/continue.go and etcd3/errors.go (v0.32). */
const NOW = -1;

/**
 * Pages of a list are joined by tokens that are opaque to clients and good for the list they came from (`scope`: resource,
 * namespace and selectors), on whichever server and after any restart. They are no secret: a token says nothing that
 * the list itself would not, and opens nothing that the caller may not list.
 */
export function writeContinueToken({ revision = NOW, after }: ContinuePoint, scope: string): string {
  const body = Buffer.from(JSON.stringify([revision, after]));
  return Buffer.concat([digestOf(body, scope), body]).toString('base64url');
}

/** Throws `BadRequest` for what is no token, or one of another list. */
export function readContinueToken(token: string, scope: string): ContinuePoint {
  const bytes = Buffer.from(token, 'base64url');
  const body = bytes.subarray(DIGEST_BYTES);
  const point = parsePoint(body.toString());
  if (point === undefined) throw badRequest('continue key is not valid');
  if (!bytes.subarray(0, DIGEST_BYTES).equals(digestOf(body, scope))) {
    throw badRequest('continue key is not valid: it belongs to a list of another resource, namespace or selector');
  }
  return point;
}

/** Source: the wording of apiserver storage/etcd3/errors.go, handleCompactedErrorForPaging (v0.32). */
const TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted ' +
  'between the time the first chunk was returned and now may show up in the list.';

/** `410 Expired` for a page whose moment is forgotten; its `metadata.continue` gives the rest as things stand now. */
export class TooOldToContinueError extends ApiError {
  readonly #token: string;

  constructor({ after }: ContinuePoint, scope: string) {
    super('Expired', TOO_OLD);
    this.#token = writeContinueToken({ revision: undefined, after }, scope);
  }

  override toStatus(): Status {
    return { ...super.toStatus(), metadata: { continue: this.#token } };
  }
}

function digestOf(body: Buffer, scope: string): Buffer {
  return Buffer.from(sha256Hex(`${scope}\0${body.toString()}`), 'hex').subarray(0, DIGEST_BYTES);
}

function parsePoint(text: string): ContinuePoint | undefined {
  const [revision, after, ...more] = parseArray(text);
  if (!Number.isSafeInteger(revision) || typeof after !== 'string' || more.length > 0) return undefined;
  if (revision === NOW) return { revision: undefined, after };
  return Number(revision) < 0 ? undefined : { revision: Number(revision), after };
}

function parseArray(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return []; // no JSON: no token
  }
}
