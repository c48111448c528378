import { describe, expect, it } from 'vitest';
import { RESOURCES } from '#api';
import { notFound, objectWord, resourceOfWord } from './resources.ts';

describe('src/cli/resources.ts', () => {
  it.each([
    ['po', 'pods'],
    ['Pod', 'pods'],
    ['pods', 'pods'],
    ['deploy', 'deployments'],
    ['deployments.apps', 'deployments'],
    ['svc', 'services'],
    ['app', 'applications'],
    ['ev', 'events'],
    ['sts', 'statefulsets'],
    ['pvc', 'persistentvolumeclaims'],
    ['quota', 'resourcequotas'],
    ['runs', 'syncruns'],
  ])('takes %s for %s', (word, plural) => {
    expect(resourceOfWord(word).plural).toBe(plural);
  });

  it('takes the plural and the kind of everything that is served', () => {
    for (const { kind, plural } of RESOURCES) {
      expect(resourceOfWord(plural).plural).toBe(plural);
      expect(resourceOfWord(kind).kind).toBe(kind);
    }
  });

  it.each([
    ['po', 'pod/x', 'pods "x" not found'],
    ['deploy', 'deployment.apps/x', 'deployments.apps "x" not found'],
    ['app', 'application.argoproj.io/x', 'applications.argoproj.io "x" not found'],
  ])('names and misses %s as kubectl does', (word, name, missing) => {
    const resource = resourceOfWord(word);
    expect(objectWord(resource, 'x')).toBe(name);
    expect(notFound(resource, 'x', undefined)).toMatchObject({
      message: missing,
      prefix: 'Error from server (NotFound):',
      exitCode: 1,
    });
  });

  it.each(['', 'unicorns', '__proto__', 'constructor'])('refuses %j and says what there is', (word) => {
    expect(() => resourceOfWord(word)).toThrow(
      expect.objectContaining({ code: 'CommandFailed', exitCode: 2, hint: expect.stringContaining('deployments') }),
    );
  });
});
