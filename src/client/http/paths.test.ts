import { describe, expect, it } from 'vitest';
import { DEPLOYMENTS, NODES, PODS } from '#api';
import { collectionPath, objectPath, queryString } from './paths.ts';

describe('src/client/http/paths.ts', () => {
  it.each([
    [collectionPath(PODS, undefined), '/api/v1/pods'],
    [collectionPath(PODS, 'web'), '/api/v1/namespaces/web/pods'],
    [collectionPath(NODES, 'ignored'), '/api/v1/nodes'],
    [objectPath(DEPLOYMENTS, { namespace: 'web', name: 'site' }), '/apis/apps/v1/namespaces/web/deployments/site'],
    [objectPath(NODES, { name: 'n1' }, 'status'), '/api/v1/nodes/n1/status'],
    [objectPath(PODS, { namespace: 'web', name: 'system:x y' }), '/api/v1/namespaces/web/pods/system%3Ax%20y'],
  ])('writes %s', (path, expected) => {
    expect(path).toBe(expected);
  });

  it.each(['', '.', '..', 'a/b', '../secrets'])('takes %s for no name', (name) => {
    const refused = expect.objectContaining({ reason: 'BadRequest' });
    expect(() => objectPath(PODS, { namespace: 'web', name })).toThrow(refused);
    if (name !== '') expect(() => collectionPath(PODS, name)).toThrow(refused);
  });

  it('never names all namespaces by mistake', () => {
    expect(() => objectPath(PODS, { name: 'x' })).toThrow(/the namespace is missing/);
  });

  it('leaves out of a query what is not given', () => {
    expect(queryString({ a: undefined, b: '', c: 0, d: false, e: 'x=y&z' })).toBe('?c=0&d=false&e=x%3Dy%26z');
    expect(queryString({})).toBe('');
  });
});
