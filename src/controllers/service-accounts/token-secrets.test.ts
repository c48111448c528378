import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EVENTS, type KubeObject, PODS, SECRETS, SERVICE_ACCOUNTS, type Secret, type ServiceAccount } from '#api';
import { formatTime, silentLog } from '#base';
import { type Cluster, podObject, startCluster } from '../../../test/support/cluster.ts';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { planTokenSecret, UNUSED_MS } from './token-secrets.plan.ts';
import { createTokenSecretsController, tokenSecretsSources } from './token-secrets.ts';

const NOW = Date.parse('2026-06-15T12:00:00Z');
const DAY_MS = 86_400_000;
const daysAgo = (days: number) => formatTime(NOW - days * DAY_MS);
const dayOf = (days: number) => daysAgo(days).slice(0, 10);
const TYPE = 'kubernetes.io/service-account-token';
const token = (
  days: number,
  labels: object = {},
  { uid = 'u', type = TYPE, ...metadata }: Record<string, unknown> = {},
) =>
  ({
    type,
    metadata: {
      name: 't',
      creationTimestamp: daysAgo(days),
      annotations: { 'kubernetes.io/service-account.name': 'bot', 'kubernetes.io/service-account.uid': uid },
      labels,
      ...metadata,
    },
  }) as object as Secret;
const account = (...secrets: readonly string[]) =>
  ({ metadata: { name: 'bot', uid: 'u' }, secrets: secrets.map((name) => ({ name })) }) as object as ServiceAccount;
const used = (days: number) => ({ 'kubernetes.io/legacy-token-last-used': dayOf(days) });
const marked = (days: number) => ({ 'kubernetes.io/legacy-token-invalid-since': dayOf(days) });
const own = account('t');
const plan = (secret: Secret, of: ServiceAccount | undefined, isRead = false) =>
  planTokenSecret({ secret, account: of, isRead, nowMs: NOW });

describe('src/controllers/service-accounts/token-secrets.plan.ts', () => {
  it.each<[string, Secret, ServiceAccount | undefined, boolean, string]>([
    ['a Secret that holds no token', token(900, {}, { type: 'Opaque' }), undefined, false, 'keep'],
    ['the token of an account that is gone', token(0), undefined, true, 'delete'],
    ['one that no account was ever there for', token(900, {}, { uid: '' }), undefined, false, 'keep'],
    ['the token of an earlier account of that name', token(0, {}, { uid: 'old' }), own, false, 'delete'],
    ['one whose account is there now', token(900, {}, { uid: '' }), own, false, 'adopt'],
    ['one that goes already', token(900, {}, { deletionTimestamp: daysAgo(0) }), undefined, false, 'keep'],
    ['one that a person made', token(900), account(), false, 'keep'],
    ['a young one', token(364), own, false, 'keep'],
    ['one that was used within a year', token(900, used(300)), own, false, 'keep'],
    ['one that a pod reads', token(900, { ...used(800), ...marked(500) }), own, true, 'keep'],
    ['one that nobody used for a year', token(900, used(400)), own, false, 'mark'],
    ['one that nobody ever used', token(900), own, false, 'mark'],
    [
      'one that is marked with what is no day',
      token(900, { ...marked(0), 'kubernetes.io/legacy-token-invalid-since': 'x' }),
      own,
      false,
      'mark',
    ],
    ['one that was marked within a year', token(900, marked(300)), own, false, 'keep'],
    ['one that was marked longer ago', token(900, marked(400)), own, false, 'delete'],
    ['one that was used after it was marked', token(900, { ...marked(400), ...used(10) }), own, false, 'keep'],
  ])('decides about %s', (_what, secret, of, isRead, action) => {
    expect(plan(secret, of, isRead).action).toBe(action);
  });

  it('never deletes the token of an account that is there before it was marked for a year, nor one that is read', () => {
    const days = fc.option(fc.nat(1_000), { nil: undefined });
    fc.assert(
      fc.property(fc.nat(1_000), days, days, fc.boolean(), (age, usedDays, markedDays, isRead) => {
        const labels = {
          ...(usedDays === undefined ? {} : used(usedDays)),
          ...(markedDays === undefined ? {} : marked(markedDays)),
        };
        const { action } = plan(token(age, labels), own, isRead);
        const idle = Math.min(age, usedDays ?? age);
        if (action === 'delete') expect([isRead, idle >= 365, (markedDays ?? 0) >= 365]).toEqual([false, true, true]);
        if (action === 'mark') expect([isRead, idle >= 365, markedDays]).toEqual([false, true, undefined]);
      }),
    );
  });
});

describe('src/controllers/service-accounts/token-secrets.ts', () => {
  let clock: FakeClock;
  let cluster: Cluster;
  beforeEach(async () => {
    clock = new FakeClock(NOW);
    cluster = await startCluster({ clock, log: silentLog });
    const { client, informers } = cluster;
    const kinds = {
      pods: informers.of(PODS),
      secrets: informers.of(SECRETS),
      serviceAccounts: informers.of(SERVICE_ACCOUNTS),
    };
    const controller = createTokenSecretsController({ client, clock, events: cluster.events, ...kinds });
    await cluster.run(cluster.loop(controller, tokenSecretsSources(kinds)));
  });
  afterEach(() => cluster.close());

  const namespace = 'default';
  const secretOf = (name: string, of: string, type = TYPE): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    type,
    metadata: { name, namespace, annotations: { 'kubernetes.io/service-account.name': of } },
  });
  const makeAccount = (name: string, secrets: readonly string[] = []) =>
    cluster.client.create(SERVICE_ACCOUNTS, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace },
      secrets: secrets.map((each) => ({ name: each })),
    });
  const names = async () =>
    (await cluster.client.list(SECRETS, { namespace })).items.map(({ metadata }) => metadata.name);

  it('deletes tokens with their account and no other Secret', async () => {
    await makeAccount('bot');
    await makeAccount('other');
    await cluster.client.create(SECRETS, secretOf('bot-token', 'bot'));
    await cluster.client.create(SECRETS, secretOf('other-token', 'other'));
    await cluster.client.create(SECRETS, secretOf('opaque', 'bot', 'Opaque'));
    await settle();
    await clock.advance(1_000);
    expect(await names()).toEqual(['bot-token', 'opaque', 'other-token']);
    await cluster.client.delete(SERVICE_ACCOUNTS, { namespace, name: 'bot' });
    await settle();
    await clock.advance(1_000);
    expect(await names()).toEqual(['opaque', 'other-token']);
  });

  it('keeps one that comes before its account, ties it to the account, and deletes it with that', async () => {
    const early = () => cluster.client.get(SECRETS, { namespace, name: 'early' });
    const uid = async () => (await early())?.metadata.annotations?.['kubernetes.io/service-account.uid'];
    const turn = async () => {
      await settle();
      await clock.advance(1_000);
    };
    const { metadata } = await cluster.client.create(SECRETS, secretOf('early', 'bot'));
    for (let look = 0; look < 3; look += 1) await turn();
    expect((await early())?.metadata.resourceVersion).toBe(metadata.resourceVersion);
    const events = (await cluster.client.list(EVENTS, { namespace })).items;
    expect(events.map(({ reason, message, count }) => [reason, message, count ?? 1])).toEqual([
      ['ServiceAccountNotFound', 'ServiceAccount "bot" not found: the Secret waits for it', 1],
    ]);
    const account = await makeAccount('bot');
    await turn();
    expect(await uid()).toBe(account.metadata.uid);
    await cluster.client.delete(SERVICE_ACCOUNTS, { namespace, name: 'bot' });
    await turn();
    expect(await early()).toBeUndefined();
    // Made anew by whoever declares it, it waits: nobody deletes what somebody makes again and again.
    const again = await cluster.client.create(SECRETS, secretOf('early', 'bot'));
    for (let look = 0; look < 3; look += 1) await turn();
    expect((await early())?.metadata.uid).toBe(again.metadata.uid);
  });

  it('marks what nobody used for a year, and deletes it a year later, unless a pod reads it', async () => {
    await makeAccount('bot', ['old', 'read']);
    for (const name of ['old', 'read', 'made']) await cluster.client.create(SECRETS, secretOf(name, 'bot'));
    const volumes = [{ name: 'v', secret: { secretName: 'read' } }];
    await cluster.client.create(PODS, podObject('reader', { spec: { volumes } }));
    const labels = async (name: string) => (await cluster.client.get(SECRETS, { namespace, name }))?.metadata.labels;
    /** Time of day alone: a year of timers takes long. A change makes the controller look again, as each day does. */
    const pass = async (days: number) => {
      clock.jump(days * DAY_MS);
      const body = { metadata: { annotations: { today: formatTime(clock.nowMs()) } } };
      await cluster.client.patch(SERVICE_ACCOUNTS, { namespace, name: 'bot' }, { type: 'merge', body });
      await settle();
      await clock.advance(1_000);
    };
    await pass(UNUSED_MS / DAY_MS - 1);
    expect(await labels('old')).toBeUndefined();
    await pass(2);
    expect(await labels('old')).toEqual({ 'kubernetes.io/legacy-token-invalid-since': '2027-06-16' });
    await pass(364);
    expect(await names()).toEqual(['made', 'old', 'read']);
    await pass(3);
    expect(await names()).toEqual(['made', 'read']);
    expect(await labels('read')).toBeUndefined();
  });
});
