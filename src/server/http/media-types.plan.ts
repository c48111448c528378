import { ApiError } from '#api';

export type BodySyntax = 'json' | 'yaml';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const PATCH_TYPES: ReadonlyMap<string, { readonly type: PatchType; readonly syntax: BodySyntax }> = new Map([
  ['application/json-patch+json', { type: 'json', syntax: 'json' }],
  ['application/merge-patch+json', { type: 'merge', syntax: 'json' }],
  ['application/strategic-merge-patch+json', { type: 'strategic', syntax: 'json' }],
  ['application/apply-patch+yaml', { type: 'apply', syntax: 'yaml' }],
]);

/** Content types of whole objects. A body without a type is JSON: kubectl sends such for `scale`. */
const OBJECT_TYPES: ReadonlyMap<string, BodySyntax> = new Map([
  ['', 'json'],
  ['application/json', 'json'],
  ['application/yaml', 'yaml'],
]);

/** How the body of a create, update or delete is written. Throws `UnsupportedMediaType`. */
export function planObjectType(contentType: string | undefined): BodySyntax {
  const essence = essenceOf(contentType);
  const syntax = OBJECT_TYPES.get(essence);
  if (syntax !== undefined) return syntax;
  const hint = essence === 'application/vnd.kubernetes.protobuf' ? '; protobuf bodies are not supported yet' : '';
  throw unsupported(contentType, ['application/json', 'application/yaml'], hint);
}

/** Which patch the body is. Throws `UnsupportedMediaType` with the list of those there are. */
export function planPatchType(contentType: string | undefined): {
  readonly type: PatchType;
  readonly syntax: BodySyntax;
} {
  const known = PATCH_TYPES.get(essenceOf(contentType));
  if (known === undefined) throw unsupported(contentType, [...PATCH_TYPES.keys()], '');
  return known;
}

/** `Application/JSON; charset=utf-8` → `application/json`. */
function essenceOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function unsupported(contentType: string | undefined, supported: readonly string[], hint: string): ApiError {
  const given = JSON.stringify((contentType ?? '').slice(0, 128));
  const message = `the body of the request was in an unknown format ${given} - accepted media types include: ${supported.join(', ')}${hint}`;
  return new ApiError('UnsupportedMediaType', message);
}
