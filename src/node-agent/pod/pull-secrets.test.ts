import { describe, expect, it } from 'vitest';
import type { Secret } from '#api';
import type { Pod } from './pod.types.ts';
import { planPullLogins, pullSecretsOf } from './pull-secrets.ts';
import { type ReferenceState, referenceKey, referencesOf } from './references.plan.ts';

describe('src/node-agent/pod/pull-secrets.ts', () => {
  const pod = (...names: string[]): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'web',
      namespace: 'demo',
      uid: 'u1',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { containers: [{ name: 'app', image: 'x' }], imagePullSecrets: names.map((name) => ({ name })) },
  });
  const secret = (name: string, type: string | undefined, data: Record<string, string>): Secret => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'demo', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    ...(type === undefined ? {} : { type }),
    data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
  });
  const JSON_TYPE = 'kubernetes.io/dockerconfigjson';
  const auth = (login: string) => ({ auth: Buffer.from(login).toString('base64') });
  const configJson = (auths: object) => JSON.stringify({ auths });
  function plan(image: string, states: Record<string, Secret | 'absent' | 'unknown'>) {
    const of = (state: Secret | 'absent' | 'unknown'): ReferenceState =>
      typeof state === 'string' ? { state } : { state: 'present', object: state };
    const references = new Map(
      Object.entries(states).map(([name, state]) => [referenceKey({ kind: 'secret', name }), of(state)]),
    );
    return planPullLogins(image, pullSecretsOf(pod(...Object.keys(states))), references);
  }

  it('has the pod hold its pull secrets, so that they are watched', () => {
    expect(referencesOf(pod('a', 'b'))).toEqual(pullSecretsOf(pod('a', 'b')));
    expect(pullSecretsOf(pod('a'))).toEqual([{ kind: 'secret', namespace: 'demo', name: 'a' }]);
  });

  it.each([
    ['a registry', 'ghcr.io/team/web:1', { 'ghcr.io': auth('bea:x') }, ['bea']],
    ['an address with scheme and version', 'ghcr.io/team/web:1', { 'https://ghcr.io/v1/': auth('bea:x') }, ['bea']],
    ['Docker Hub', 'busybox', { 'https://index.docker.io/v1/': auth('bea:x') }, ['bea']],
    ['a port', 'localhost:5000/web:1', { 'localhost:5000': auth('bea:x') }, ['bea']],
    [
      'the most specific first',
      'r.io/team/web:1',
      { 'r.io': auth('all:x'), 'r.io/team': auth('team:x') },
      ['team', 'all'],
    ],
    ['no other registry', 'ghcr.io/team/web:1', { 'quay.io': auth('bea:x') }, []],
    ['no other repository', 'r.io/teams/web:1', { 'r.io/team': auth('bea:x') }, []],
    ['no other port', 'localhost:5001/web:1', { 'localhost:5000': auth('bea:x') }, []],
    ['user and password beside auth', 'r.io/web:1', { 'r.io': { username: 'bea', password: 'x', auth: '' } }, ['bea']],
    ['an entry of null', 'r.io/web:1', { 'r.io': null }, []],
  ])('finds the login of %s', (_, image, auths, users) => {
    const { logins, unusable } = plan(image, { a: secret('a', JSON_TYPE, { '.dockerconfigjson': configJson(auths) }) });
    expect(logins.map(({ username }) => username)).toEqual(users);
    expect(unusable).toEqual([]);
  });

  it('takes the older type, and the secrets in the order of the pod', () => {
    const { logins } = plan('r.io/web:1', {
      old: secret('old', 'kubernetes.io/dockercfg', { '.dockercfg': JSON.stringify({ 'r.io': auth('one:x') }) }),
      new: secret('new', JSON_TYPE, { '.dockerconfigjson': configJson({ 'r.io': auth('two:y:z') }) }),
    });
    expect(logins).toEqual([
      { username: 'one', password: 'x', serveraddress: 'r.io' },
      { username: 'two', password: 'y:z', serveraddress: 'r.io' },
    ]);
  });

  it.each<[string, Secret | 'absent' | 'unknown', RegExp]>([
    ['absent', 'absent', /^a: it is not there$/],
    ['out of reach', 'unknown', /^a: the server does not answer$/],
    [
      'of another type',
      secret('a', 'Opaque', { '.dockerconfigjson': '{}' }),
      /of type Opaque, not kubernetes\.io\/docker/,
    ],
    ['without a type', secret('a', undefined, {}), /of type Opaque/],
    ['empty', secret('a', JSON_TYPE, {}), /its \.dockerconfigjson holds no logins/],
    ['not JSON', secret('a', JSON_TYPE, { '.dockerconfigjson': '{"canary' }), /holds no logins/],
    ['a list', secret('a', JSON_TYPE, { '.dockerconfigjson': '[]' }), /holds no logins/],
    ['null', secret('a', JSON_TYPE, { '.dockerconfigjson': 'null' }), /holds no logins/],
  ])('says why a secret gives no login, and quotes nothing of it: %s', (_, state, words) => {
    const { logins, unusable } = plan('r.io/web:1', { a: state });
    expect(logins).toEqual([]);
    expect(unusable).toEqual([expect.stringMatching(words)]);
    expect(unusable.join()).not.toContain('canary');
  });
});
