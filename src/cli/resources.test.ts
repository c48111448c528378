import { describe, expect, it } from 'vitest';
import { ApiError, type CustomResourceDefinition, RESOURCES } from '#api';
import { definitionObject } from '../../test/support/definitions.ts';
import { builtInOfWord, definedByWord, notFound, objectWord, resourceOfWord } from './resources.ts';

const definition = {
  ...definitionObject({ names: { singular: 'crontab', shortNames: ['ct'] } }),
  status: {
    conditions: ['Established', 'NamesAccepted'].map((type) => ({ type, status: 'True' })),
  },
} as object as CustomResourceDefinition;
const serving = (...items: CustomResourceDefinition[]) => ({
  list: async () => ({ items, resourceVersion: '1' }) as never,
});

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
    expect(builtInOfWord(word)?.plural).toBe(plural);
  });

  it.each(['crontabs', 'CronTab', 'crontab', 'ct', 'crontabs.stable.example.com'])(
    'takes %s for a defined kind',
    async (word) => {
      expect(await resourceOfWord(word, serving(definition))).toEqual({
        group: 'stable.example.com',
        version: 'v1',
        kind: 'CronTab',
        plural: 'crontabs',
        namespaced: true,
      });
    },
  );

  it.each([
    ['deployments.v1.apps', 'apps'],
    ['events.events.k8s.io', ''],
  ])('takes %s for another version or group of what is built in', async (word, group) => {
    expect((await resourceOfWord(word, serving())).group).toBe(group);
  });

  it('says what there is to whoever may not list definitions', async () => {
    const list = () => Promise.reject(new ApiError('Forbidden', 'no'));
    await expect(resourceOfWord('unicorns', { list })).rejects.toMatchObject({
      message: '"unicorns" is not served here',
    });
  });

  it('takes nothing for a kind of another group, or one that is not established', () => {
    expect(definedByWord('crontabs.other.example.com', [definition])).toBeUndefined();
    expect(definedByWord('crontabs', [definitionObject() as object as CustomResourceDefinition])).toBeUndefined();
    expect(builtInOfWord('deployments.batch')).toBeUndefined();
  });

  it('takes the plural and the kind of everything that is served', () => {
    for (const { kind, plural } of RESOURCES) {
      expect(builtInOfWord(plural)?.plural).toBe(plural);
      expect(builtInOfWord(kind)?.kind).toBe(kind);
    }
  });

  it.each([
    ['po', 'pod/x', 'pods "x" not found'],
    ['deploy', 'deployment.apps/x', 'deployments.apps "x" not found'],
    ['app', 'application.argoproj.io/x', 'applications.argoproj.io "x" not found'],
  ])('names and misses %s as kubectl does', (word, name, missing) => {
    const resource = builtInOfWord(word);
    if (resource === undefined) throw new Error(`${word} is not known`);
    expect(objectWord(resource, 'x')).toBe(name);
    expect(notFound(resource, 'x', undefined)).toMatchObject({
      message: missing,
      prefix: 'Error from server (NotFound):',
      exitCode: 1,
    });
  });

  it.each(['', 'unicorns', '__proto__', 'constructor'])('refuses %j and says what there is', async (word) => {
    await expect(resourceOfWord(word, serving(definition))).rejects.toMatchObject({
      code: 'CommandFailed',
      exitCode: 2,
      hint: expect.stringMatching(/deployments.*crontabs.stable.example.com/),
    });
  });
});
