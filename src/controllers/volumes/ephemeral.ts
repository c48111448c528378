/** Makes the claims of pods that bring templates for them. */
import { claimsOf, isApiError, PERSISTENT_VOLUME_CLAIMS, type PersistentVolumeClaim, type Pod } from '#api';
import type { Clock } from '#base';
import type { Client } from '#client';
import { type Controller, type EventRecorder, Expectations, type Informer, type KeySource, keysFrom } from '#reconcile';
import { planEphemeralClaims } from './ephemeral.plan.ts';
import { BY_CLAIM, claimIndex } from './indexes.ts';

export interface EphemeralDeps {
  readonly client: Pick<Client, 'create'>;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly pods: Informer<Pod>;
  readonly claims: Informer<PersistentVolumeClaim>;
}

/** By the keys of pods. */
export function createEphemeralVolumeController({ client, clock, events, pods, claims }: EphemeralDeps): Controller {
  const expectations = new Expectations(clock);
  return {
    name: 'ephemeral-volume',
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const pod = pods.get(key);
      if (pod === undefined) return {};
      const { namespace } = pod.metadata;
      const known = claimsOf(pod).flatMap(({ claim }) => claims.get(`${namespace}/${claim}`) ?? []);
      const plan = planEphemeralClaims({ pod, claims: new Map(known.map((claim) => [claim.metadata.name, claim])) });
      if (plan.event !== undefined) events.record(pod, plan.event);
      for (const claim of plan.create) {
        try {
          expectations.wrote(key, claims, await client.create(PERSISTENT_VOLUME_CLAIMS, claim));
        } catch (error) {
          if (!isApiError(error, 'AlreadyExists')) throw error; // It is looked at when it is seen.
        }
      }
      return {};
    },
  };
}

/** A pod is looked at when it comes, and when a claim of one of its names comes or goes. */
export function ephemeralVolumeSources({ pods, claims }: Pick<EphemeralDeps, 'pods' | 'claims'>): KeySource[] {
  pods.addIndex(BY_CLAIM, claimIndex);
  const hasTemplates = (pod: Pod) => claimsOf(pod).some(({ ephemeral }) => ephemeral);
  const toKeys = (all: readonly Pod[]) =>
    all.filter(hasTemplates).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  return [
    keysFrom(pods, { toKeys: (pod) => toKeys([pod]), when: () => false }),
    keysFrom(claims, {
      toKeys: ({ metadata }) => toKeys(pods.byIndex(BY_CLAIM, `${metadata.namespace}/${metadata.name}`)),
      when: () => false,
    }),
  ];
}
