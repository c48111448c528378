import { describe, expect, it } from 'vitest';
import { CONFIG_MAPS, DEPLOYMENTS } from '#api';
import { alreadyExists, forbidden, invalid, objectModified, timedOut } from './errors.ts';

const issue = (path: string) => ({ reason: 'FieldValueRequired', path, message: 'Required value' });

describe('src/server/registry/errors.ts', () => {
  it.each([
    [alreadyExists(CONFIG_MAPS, 'a'), 409, 'configmaps "a" already exists'],
    [
      objectModified(DEPLOYMENTS, 'a'),
      409,
      'Operation cannot be fulfilled on deployments.apps "a": the object has been modified; please apply your changes to the latest version and try again',
    ],
    [forbidden(DEPLOYMENTS, 'a', 'no'), 403, 'deployments.apps "a" is forbidden: no'],
    [invalid(DEPLOYMENTS, 'a', [issue('spec.x')]), 422, 'Deployment.apps "a" is invalid: spec.x: Required value'],
    [
      invalid(CONFIG_MAPS, 'a', [issue('x'), issue('y'), issue('x')]),
      422,
      'ConfigMap "a" is invalid: [x: Required value, y: Required value]',
    ],
    [timedOut('too long'), 504, 'Timeout: too long'],
  ])('says it as Kubernetes does: %s', (error, code, message) => {
    expect(error.toStatus()).toMatchObject({ code, message, status: 'Failure' });
  });

  it('names every cause of an invalid object', () => {
    expect(invalid(DEPLOYMENTS, 'a', [issue('spec.x')]).details).toEqual({
      name: 'a',
      group: 'apps',
      kind: 'Deployment',
      causes: [{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.x' }],
    });
  });
});
