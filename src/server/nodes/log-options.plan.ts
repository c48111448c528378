import { ApiError } from '#api';
import type { LogStreamOptions } from './node-tunnel.types.ts';

/** Reads the query of `GET …/log`. Source: PodLogOptions of core/v1 and its validation (words only). */
export function planLogOptions(query: URLSearchParams): LogStreamOptions {
  const sinceTime = query.get('sinceTime') ?? '';
  if (sinceTime !== '' && Number.isNaN(Date.parse(sinceTime))) throw bad('sinceTime must be an RFC 3339 time');
  const container = query.get('container') ?? '';
  return {
    ...(container === '' ? {} : { container }),
    ...flag(query, 'follow'),
    ...flag(query, 'previous'),
    ...flag(query, 'timestamps'),
    ...count(query, 'tailLines', 0),
    ...count(query, 'sinceSeconds', 1),
    ...count(query, 'limitBytes', 1),
    ...(sinceTime === '' ? {} : { sinceTime }),
  };
}

function flag<Name extends string>(query: URLSearchParams, name: Name): { readonly [key in Name]?: true } {
  const value = query.get(name);
  if (value === null || value === 'false' || value === '0') return {};
  return { [name]: true } as { readonly [key in Name]?: true };
}

function count<Name extends string>(
  query: URLSearchParams,
  name: Name,
  least: number,
): { readonly [key in Name]?: number } {
  const value = query.get(name) ?? '';
  if (value === '') return {};
  if (!/^\d{1,15}$/.test(value) || Number(value) < least) throw bad(`${name} must be a number of at least ${least}`);
  return { [name]: Number(value) } as { readonly [key in Name]?: number };
}

function bad(message: string): ApiError {
  return new ApiError('BadRequest', message);
}
