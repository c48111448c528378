/** Gives targets as many pods as their load asks for. Sole writer of HorizontalPodAutoscaler status. */
import {
  HORIZONTAL_POD_AUTOSCALERS,
  type HorizontalPodAutoscaler,
  type Json,
  POD_METRICS,
  type ResourceType,
  type StoredObject,
} from '#api';
import { type Clock, equalJson, errorMessage } from '#base';
import type { Client } from '#client';
import { type Controller, type EventRecorder, Expectations, type KeySource, keysFrom } from '#reconcile';
import { Teller } from '../shared/teller.ts';
import { writeStatus } from '../shared/write-status.ts';
import { type Memory, withChange } from './behavior.plan.ts';
import {
  type AutoscalerOptions,
  type AutoscalerPlan,
  isInRange,
  planAutoscaler,
  withFailedRescale,
} from './horizontal-pod-autoscaler.plan.ts';
import { type FoundTarget, Targets, type TargetsDeps } from './targets.ts';
import type { Failed, PodFigures } from './usage.plan.ts';

export interface HorizontalPodAutoscalerDeps extends TargetsDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: EventRecorder;
}

export interface HorizontalPodAutoscalerOptions extends AutoscalerOptions {
  /** Between two looks at one target, ms. */
  readonly syncMs: number;
}

/** Source: kubernetes pkg/controller/podautoscaler/config/v1alpha1/defaults.go (v1.32). */
export const horizontalPodAutoscalerDefaults: HorizontalPodAutoscalerOptions = {
  syncMs: 15_000,
  downscaleStabilizationMs: 300_000,
  tolerance: 0.1,
  cpuInitializationMs: 300_000,
  initialReadinessMs: 30_000,
};

type Figures = ResourceType<StoredObject & Omit<PodFigures, 'metadata'>>;

export function createHorizontalPodAutoscalerController(
  deps: HorizontalPodAutoscalerDeps,
  options = horizontalPodAutoscalerDefaults,
): Controller {
  const { client, clock, events, autoscalers } = deps;
  const expectations = new Expectations(clock);
  const targets = new Targets(deps);
  const teller = new Teller(events);
  /** By the uids of the autoscalers that there are. */
  const memories = new Map<string, Memory>();
  autoscalers.onChange(({ previous, current }) => {
    if (previous === undefined || previous.metadata.uid === current?.metadata.uid) return;
    memories.delete(previous.metadata.uid);
    teller.forget(previous.metadata.uid);
  });

  return {
    name: 'horizontal-pod-autoscaler',
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const autoscaler = autoscalers.get(key);
      if (autoscaler === undefined || autoscaler.metadata.deletionTimestamp !== undefined) return {};
      const target = await targets.find(autoscaler);
      const figures = 'error' in target || !isInRange(autoscaler, target) ? [] : await figuresOf(target);
      const plan = planAutoscaler({
        autoscaler,
        target,
        figures,
        memory: memories.get(autoscaler.metadata.uid),
        nowMs: clock.nowMs(),
        monotonicMs: clock.monotonicMs(),
        options,
      });
      await carryOut(key, autoscaler, target, plan);
      return { requeueAfterMs: options.syncMs };
    },
  };

  async function figuresOf({ scale, selector = '' }: FoundTarget): Promise<readonly PodFigures[] | Failed> {
    const { namespace = '' } = scale.metadata;
    const { group, version, kind, plural, namespaced } = POD_METRICS;
    const resource: Figures = { group, version, kind, plural, namespaced };
    try {
      return (await client.list(resource, { namespace, labelSelector: selector })).items;
    } catch (error) {
      return { error: errorMessage(error) };
    }
  }

  async function carryOut(
    key: string,
    autoscaler: HorizontalPodAutoscaler,
    target: FoundTarget | Failed,
    plan: AutoscalerPlan,
  ): Promise<void> {
    const error = 'error' in target ? undefined : await rescale(autoscaler, target, plan);
    const message = error === undefined ? undefined : errorMessage(error);
    const status =
      message === undefined ? plan.status : withFailedRescale(plan, autoscaler.status, message, clock.nowMs());
    remember(key, autoscaler, plan, { target, isScaled: message === undefined });
    const written = await writeStatus(client, HORIZONTAL_POD_AUTOSCALERS, autoscaler, { status });
    if (written !== undefined) expectations.wrote(key, autoscalers, written);
    teller.tell(autoscaler, plan.events);
    if (error !== undefined) throw error;
  }

  /** The error of a target that could not be given its new size. */
  async function rescale(
    autoscaler: HorizontalPodAutoscaler,
    { resource, scale }: FoundTarget,
    { rescale: wanted }: AutoscalerPlan,
  ): Promise<unknown> {
    if (wanted === undefined) return undefined;
    const { replicas, reason } = wanted;
    try {
      // Of the version that was looked at: who changed it meanwhile is not overruled.
      await client.update(resource, { ...scale, spec: { ...scale.spec, replicas } }, { subresource: 'scale' });
      const message = `New size: ${replicas}; reason: ${reason}`;
      events.record(autoscaler, { type: 'Normal', reason: 'SuccessfulRescale', message });
      return undefined;
    } catch (error) {
      const message = `New size: ${replicas}; reason: ${reason}; error: ${errorMessage(error)}`;
      events.record(autoscaler, { type: 'Warning', reason: 'FailedRescale', message });
      return error;
    }
  }

  function remember(
    key: string,
    { metadata, spec }: HorizontalPodAutoscaler,
    { memory, rescale: wanted }: AutoscalerPlan,
    { target, isScaled }: { readonly target: FoundTarget | Failed; readonly isScaled: boolean },
  ): void {
    if (memory === undefined || autoscalers.get(key)?.metadata.uid !== metadata.uid) return;
    const isPaced = spec.behavior !== undefined && isScaled && wanted !== undefined && !('error' in target);
    const by = isPaced ? wanted.replicas - target.replicas : 0;
    memories.set(metadata.uid, by === 0 ? memory : withChange(memory, by, clock.monotonicMs()));
  }
}

/** An autoscaler is looked at when it is new or asked for something else, and then each so often: not for its own status. */
export function horizontalPodAutoscalerSources({
  autoscalers,
}: Pick<HorizontalPodAutoscalerDeps, 'autoscalers'>): KeySource[] {
  const when = (before: HorizontalPodAutoscaler, after: HorizontalPodAutoscaler) =>
    before.metadata.uid !== after.metadata.uid ||
    !equalJson(before.spec as unknown as Json, after.spec as unknown as Json);
  return [keysFrom(autoscalers, { when })];
}
