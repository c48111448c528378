import { ApiError, type ResourceType } from '#api';
import type { NamespacedName } from '../client.ts';

/** `/api/v1/namespaces/web/pods` or `/apis/apps/v1/deployments`: where a resource's objects are. */
export function collectionPath(resource: ResourceType, namespace: string | undefined): string {
  const root = resource.group === '' ? '/api' : `/apis/${resource.group}`;
  const inside = resource.namespaced && namespace !== undefined && namespace !== '';
  const scope = inside ? `/namespaces/${segment(namespace)}` : '';
  return `${root}/${resource.version}${scope}/${resource.plural}`;
}

/** Where one object is. Throws `BadRequest` for a namespaced object without a namespace: its path would name all of them. */
export function objectPath(resource: ResourceType, { namespace, name }: NamespacedName, subresource?: string): string {
  if (resource.namespaced && (namespace === undefined || namespace === '')) {
    throw new ApiError('BadRequest', `${resource.plural} ${JSON.stringify(name)}: the namespace is missing`);
  }
  const suffix = subresource === undefined ? '' : `/${subresource}`;
  return `${collectionPath(resource, namespace)}/${segment(name)}${suffix}`;
}

/** A query of the values that are given. */
export function queryString(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== '') query.set(name, String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** A name as one path segment: never two, and never a step upwards. */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..' || name.includes('/')) {
    throw new ApiError('BadRequest', `${JSON.stringify(name)} is not a name`);
  }
  return encodeURIComponent(name);
}
