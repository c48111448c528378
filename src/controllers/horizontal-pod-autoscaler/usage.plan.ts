/**
 * How many pods a resource asks for, by what the pods use of it. Source of rules and words: kubernetes
 * pkg/controller/podautoscaler/replica_calculator.go and metrics/ (v1.32).
 */
import { type Pod, type PodMetrics, parseDuration, quantityToMillis } from '#api';
import { conditionOf } from '../shared/pods.plan.ts';

export interface UsageOptions {
  /** Of the target: a difference up to this changes nothing. */
  readonly tolerance: number;
  /** After its start the CPU of a pod counts only once it has been ready for as long as it was measured, ms. */
  readonly cpuInitializationMs: number;
  /** A pod that turns unready within this of its start was never ready, ms. */
  readonly initialReadinessMs: number;
}

/** What could not be worked out, and why. */
export interface Failed {
  readonly error: string;
}

/** Of which resource; of one container only when it is named. */
export interface Measured {
  readonly resource: string;
  readonly container?: string;
}

export type PodFigures = Pick<PodMetrics, 'metadata' | 'timestamp' | 'window' | 'containers'>;

export interface UsageQuestion extends Measured {
  readonly pods: readonly Pod[];
  readonly figures: readonly PodFigures[] | Failed;
  readonly replicas: number;
  readonly nowMs: number;
  readonly options: UsageOptions;
}

export interface Proposal {
  readonly replicas: number;
  /** Thousandths, by pod. */
  readonly averageMillis: number;
  /** Percent of what was asked for. */
  readonly utilization?: number;
}

/** Thousandths of the resource by the name of the pod. */
type Amounts = ReadonlyMap<string, number>;

/** How the use compares with the target. */
interface Ratio {
  readonly ratio: number;
  readonly averageMillis: number;
  readonly utilization?: number;
}

/** The two ways to state a target. */
interface Target {
  ratioOf(used: Amounts): Ratio | Failed;
  /** What a pod without figures counts as where pods would go. */
  assumed(pod: string): number;
}

/** So that the pods use this share, in percent, of what they ask for. */
export function planUtilization(question: UsageQuestion, percent: number): Proposal | Failed {
  return propose(question, () => {
    const requests = requestsOf(question.pods, question);
    if ('error' in requests) return requests;
    const assumedShare = Math.max(100, percent) / 100;
    return {
      ratioOf: (used) => utilizationOf(used, requests, percent),
      assumed: (pod) => Math.trunc((requests.get(pod) ?? 0) * assumedShare),
    };
  });
}

/** So that each pod uses this much. */
export function planAverage(question: UsageQuestion, targetMillis: number): Proposal | Failed {
  return propose(question, () => ({
    ratioOf(used) {
      const averageMillis = Math.trunc(sum(used.values()) / used.size);
      return { ratio: averageMillis / targetMillis, averageMillis };
    },
    assumed: () => targetMillis,
  }));
}

function propose(question: UsageQuestion, targetOf: () => Target | Failed): Proposal | Failed {
  const { resource, replicas, options } = question;
  const samples = samplesOf(question.figures, question);
  if ('error' in samples) return { error: `unable to get metrics for resource ${resource}: ${samples.error}` };
  if (question.pods.length === 0) return { error: 'no pods returned by selector while calculating replica count' };
  const { counted, unready, missing } = groupPods(question, samples);
  if (counted.size === 0) return { error: 'did not receive metrics for targeted pods (pods might be unready)' };
  const target = targetOf();
  if ('error' in target) return target;
  const first = target.ratioOf(counted);
  if ('error' in first) return first;

  const { ratio, ...seen } = first;
  const stay = { replicas, ...seen };
  const isNear = (value: number) => Math.abs(1 - value) <= options.tolerance;
  if (missing.length === 0 && (unready.length === 0 || ratio <= 1)) {
    return isNear(ratio) ? stay : { ...stay, replicas: Math.ceil(ratio * counted.size) };
  }
  const second = target.ratioOf(assume(ratio, counted, { target, unready, missing }));
  if ('error' in second) return second;
  // What is assumed may weaken what is known; it never turns it round.
  if (isNear(second.ratio) || Math.sign(second.ratio - 1) !== Math.sign(ratio - 1)) return stay;
  const considered = counted.size + missing.length + (ratio > 1 ? unready.length : 0);
  const proposed = Math.ceil(second.ratio * considered);
  const isTurned = second.ratio < 1 ? proposed > replicas : proposed < replicas;
  return isTurned ? stay : { ...stay, replicas: proposed };
}

interface Assumptions {
  readonly target: Target;
  readonly unready: readonly string[];
  readonly missing: readonly string[];
}

/** Where pods would go, those without figures are busy; where pods would come, they and the unready are idle. */
function assume(ratio: number, counted: Amounts, { target, unready, missing }: Assumptions): Amounts {
  const used = new Map(counted);
  for (const pod of missing) used.set(pod, ratio < 1 ? target.assumed(pod) : 0);
  if (ratio > 1) for (const pod of unready) used.set(pod, 0);
  return used;
}

function utilizationOf(used: Amounts, requests: Amounts, percent: number): Ratio | Failed {
  const known = [...used].filter(([pod]) => requests.has(pod));
  const usedMillis = sum(known.map(([, millis]) => millis));
  const requestedMillis = sum(known.map(([pod]) => requests.get(pod) ?? 0));
  if (requestedMillis === 0) return { error: 'no metrics returned matched known pods' };
  const utilization = Math.trunc((usedMillis * 100) / requestedMillis);
  return { ratio: utilization / percent, utilization, averageMillis: Math.trunc(usedMillis / known.length) };
}

/** What containers and sidecars ask for together. */
function requestsOf(pods: readonly Pod[], { resource, container }: Measured): Amounts | Failed {
  const requests = new Map<string, number>();
  for (const { metadata, spec } of pods) {
    const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
    let millis = 0;
    for (const { name, resources } of [...spec.containers, ...sidecars]) {
      if (container !== undefined && container !== name) continue;
      const request = resources?.requests?.[resource];
      if (request === undefined) {
        return { error: `missing request for ${resource} in container ${name} of Pod ${metadata.name}` };
      }
      millis += quantityToMillis(request);
    }
    requests.set(metadata.name, millis);
  }
  return requests;
}

interface Sample {
  readonly millis: number;
  readonly atMs: number;
  readonly windowMs: number;
}

function samplesOf(figures: UsageQuestion['figures'], measured: Measured): ReadonlyMap<string, Sample> | Failed {
  if ('error' in figures) return { error: `unable to fetch metrics from resource metrics API: ${figures.error}` };
  if (figures.length === 0) return { error: 'no metrics returned from resource metrics API' };
  const samples = new Map<string, Sample>();
  for (const { metadata, timestamp, window, containers } of figures) {
    const { name = '', namespace = '' } = metadata;
    const wanted = containers.filter((each) => measured.container === undefined || each.name === measured.container);
    if (wanted.length === 0 && measured.container !== undefined) {
      return { error: `container ${measured.container} not present in metrics for pod ${namespace}/${name}` };
    }
    const amounts = wanted.map(({ usage }) => new Map(Object.entries(usage)).get(measured.resource));
    if (amounts.length === 0 || amounts.includes(undefined)) continue;
    const millis = sum(amounts.map((amount) => quantityToMillis(amount ?? 0)));
    samples.set(name, { millis, atMs: Date.parse(timestamp), windowMs: parseDuration(window) ?? 0 });
  }
  return samples;
}

interface Groups {
  readonly counted: Amounts;
  /** Not counted, and idle if more are needed. */
  readonly unready: readonly string[];
  /** Without figures. */
  readonly missing: readonly string[];
}

/** Pods that go or have failed are in no group. */
function groupPods(question: UsageQuestion, samples: ReadonlyMap<string, Sample>): Groups {
  const counted = new Map<string, number>();
  const unready: string[] = [];
  const missing: string[] = [];
  for (const pod of question.pods) {
    const { name, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined || pod.status?.phase === 'Failed') continue;
    const sample = samples.get(name);
    if (pod.status?.phase === 'Pending') unready.push(name);
    else if (sample === undefined) missing.push(name);
    else if (question.resource === 'cpu' && isWarmingUp(pod, sample, question)) unready.push(name);
    else counted.set(name, sample.millis);
  }
  return { counted, unready, missing };
}

/** Whether the CPU that a pod uses says nothing yet of the load that it takes. */
function isWarmingUp(pod: Pod, sample: Sample, { nowMs, options }: UsageQuestion): boolean {
  const ready = conditionOf(pod, 'Ready');
  const startedMs = Date.parse(pod.status?.startTime ?? '');
  if (ready === undefined || Number.isNaN(startedMs)) return true;
  const changedMs = Date.parse(ready.lastTransitionTime ?? '');
  const isUnready = ready.status === 'False';
  if (startedMs + options.cpuInitializationMs > nowMs) return isUnready || sample.atMs < changedMs + sample.windowMs;
  return isUnready && startedMs + options.initialReadinessMs > changedMs;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
