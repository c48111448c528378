import { ApiError, PROTOBUF_MEDIA_TYPE } from '#api';

export type BodySyntax = 'json' | 'yaml' | 'protobuf';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const PATCH_TYPES: ReadonlyMap<string, { readonly type: PatchType; readonly syntax: BodySyntax }> = new Map([
  ['application/json-patch+json', { type: 'json', syntax: 'json' }],
  ['application/merge-patch+json', { type: 'merge', syntax: 'json' }],
  ['application/strategic-merge-patch+json', { type: 'strategic', syntax: 'json' }],
  ['application/apply-patch+yaml', { type: 'apply', syntax: 'yaml' }],
]);

/** Content types of whole objects. A body without a type is JSON: kubectl sends such for `scale`. */
const OBJECT_TYPES: ReadonlyMap<string, BodySyntax> = new Map([
  ['application/json', 'json'],
  ['application/yaml', 'yaml'],
  [PROTOBUF_MEDIA_TYPE, 'protobuf'],
]);

/**
 * How the body of a create, update or delete is written; `hasProtobuf`: whether its kind has a protobuf form, as those of
 * custom resources have not. Throws `UnsupportedMediaType` with the list of those there are.
 */
export function planObjectType(contentType: string | undefined, hasProtobuf: boolean): BodySyntax {
  const essence = essenceOf(contentType);
  const syntax = essence === '' ? 'json' : OBJECT_TYPES.get(essence);
  if (syntax !== undefined && (syntax !== 'protobuf' || hasProtobuf)) return syntax;
  const supported = [...OBJECT_TYPES].filter(([, one]) => one !== 'protobuf' || hasProtobuf);
  throw unsupported(
    contentType,
    supported.map(([name]) => name),
  );
}

/** Which patch the body is. Throws `UnsupportedMediaType` with the list of those there are. */
export function planPatchType(contentType: string | undefined): {
  readonly type: PatchType;
  readonly syntax: BodySyntax;
} {
  const known = PATCH_TYPES.get(essenceOf(contentType));
  if (known === undefined) throw unsupported(contentType, [...PATCH_TYPES.keys()]);
  return known;
}

/** `Application/JSON; charset=utf-8` → `application/json`. */
function essenceOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function unsupported(contentType: string | undefined, supported: readonly string[]): ApiError {
  const given = JSON.stringify((contentType ?? '').slice(0, 128));
  const message = `the body of the request was in an unknown format ${given} - accepted media types include: ${supported.join(', ')}`;
  return new ApiError('UnsupportedMediaType', message);
}
