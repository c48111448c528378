/** Refusals in the words of Kubernetes, which kubectl prints and scripts match. */
import { ApiError, type ResourceType, type StatusCause } from '#api';
import { resourceName } from './keys.ts';

type Named = Pick<ResourceType, 'group' | 'plural'>;

function details(type: Named, name: string) {
  return { name, ...(type.group === '' ? {} : { group: type.group }), kind: type.plural };
}

export function alreadyExists(type: Named, name: string): ApiError {
  return new ApiError('AlreadyExists', `${resourceName(type)} "${name}" already exists`, details(type, name));
}

export function conflict(type: Named, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${resourceName(type)} "${name}": ${why}`;
  return new ApiError('Conflict', message, details(type, name));
}

export function objectModified(type: Named, name: string): ApiError {
  return conflict(
    type,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );
}

export function forbidden(type: Named, name: string, why: string, causes?: StatusCause[]): ApiError {
  return new ApiError('Forbidden', `${resourceName(type)} "${name}" is forbidden: ${why}`, {
    ...details(type, name),
    ...(causes === undefined ? {} : { causes }),
  });
}

/** `Deployment.apps "x" is invalid: spec.a: Required value`, or the issues in brackets when there are several. */
export function invalid(
  { group, kind }: Pick<ResourceType, 'group' | 'kind'>,
  name: string,
  issues: readonly { readonly reason: string; readonly path: string; readonly message: string }[],
): ApiError {
  const qualified = group === '' ? kind : `${kind}.${group}`;
  const sentences = [...new Set(issues.map(({ path, message }) => `${path}: ${message}`))];
  const said = sentences.length === 1 ? sentences[0] : `[${sentences.join(', ')}]`;
  return new ApiError('Invalid', `${qualified} "${name}" is invalid: ${said}`, {
    name,
    ...(group === '' ? {} : { group }),
    kind,
    causes: issues.map(({ reason, path, message }) => ({ reason, message, field: path })),
  });
}

export function badRequest(message: string): ApiError {
  return new ApiError('BadRequest', message);
}

export function timedOut(message: string): ApiError {
  return new ApiError('Timeout', `Timeout: ${message}`, { retryAfterSeconds: 1 });
}
