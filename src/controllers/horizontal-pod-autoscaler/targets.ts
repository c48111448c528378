/** Reads what an autoscaler is for: the `scale` of its target, the pods behind it, and who else is after them. */
import {
  type CrossVersionObjectReference,
  groupOf,
  HORIZONTAL_POD_AUTOSCALERS,
  type HorizontalPodAutoscaler,
  type LabelSelector,
  type Pod,
  parseLabelSelector,
  type ResourceType,
  type Scale,
} from '#api';
import { errorMessage } from '#base';
import type { Client } from '#client';
import { type Informer, keyOf } from '#reconcile';
import type { OwnableKinds } from '../shared/all-kinds.ts';
import type { Target } from './horizontal-pod-autoscaler.plan.ts';

export interface TargetsDeps {
  readonly client: Pick<Client, 'get'>;
  readonly contents: OwnableKinds;
  readonly autoscalers: Informer<HorizontalPodAutoscaler>;
  readonly pods: Informer<Pod>;
}

/** A target that was found. */
export interface FoundTarget extends Target {
  readonly resource: ResourceType<Scale>;
  readonly scale: Scale;
}

interface Claim {
  readonly namespace: string;
  readonly selector: LabelSelector;
}

/** Remembers the selector that each autoscaler was seen to use. */
export class Targets {
  readonly #deps: TargetsDeps;
  readonly #claims = new Map<string, Claim>();

  constructor(deps: TargetsDeps) {
    this.#deps = deps;
    deps.autoscalers.onChange(({ key, current }) => {
      if (current === undefined) this.#claims.delete(key);
    });
  }

  async find(autoscaler: HorizontalPodAutoscaler): Promise<FoundTarget | { readonly error: string }> {
    const { namespace = '' } = autoscaler.metadata;
    const { scaleTargetRef } = autoscaler.spec;
    const resource = this.#resourceOf(scaleTargetRef);
    if (resource === undefined) return { error: noSuchKind(scaleTargetRef) };
    const { name } = scaleTargetRef;
    try {
      const scale = await this.#deps.client.get(resource, { namespace, name }, { subresource: 'scale' });
      if (scale === undefined) return { error: `${qualified(resource)} ${JSON.stringify(name)} not found` };
      return {
        resource,
        scale,
        replicas: scale.spec.replicas ?? 0,
        ...this.#claim(keyOf(autoscaler), namespace, scale),
      };
    } catch (error) {
      return { error: errorMessage(error) };
    }
  }

  /** The pods that a target's selector finds, taken note of: two autoscalers of the same pods are told of each other. */
  #claim(key: string, namespace: string, { status }: Scale): Pick<Target, 'selector' | 'pods' | 'claimants'> {
    const text = status?.selector ?? '';
    if (text === '') {
      this.#claims.delete(key);
      return { pods: [], claimants: [] };
    }
    const selector = parseLabelSelector(text);
    const pods = this.#deps.pods.list(namespace).filter(({ metadata }) => selector.matches(metadata.labels));
    this.#claims.set(key, { namespace, selector });
    const isAfter = (claim: Claim) =>
      claim.namespace === namespace && pods.some(({ metadata }) => claim.selector.matches(metadata.labels));
    const claimants = [...this.#claims].filter(([, claim]) => isAfter(claim)).map(([each]) => each);
    return { selector: text, pods, claimants: claimants.sort() };
  }

  /** In the version that is served first, whichever the reference names. */
  #resourceOf({ apiVersion = '', kind }: CrossVersionObjectReference): ResourceType<Scale> | undefined {
    const group = groupOf(apiVersion);
    const found = this.#deps.contents.resources.find((each) => each.kind === kind && each.group === group);
    if (found === undefined || found.kind === HORIZONTAL_POD_AUTOSCALERS.kind) return undefined;
    const { version, plural, namespaced } = found;
    return { group, version, kind, plural, namespaced };
  }
}

function noSuchKind({ apiVersion = '', kind }: CrossVersionObjectReference): string {
  return `no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(groupOf(apiVersion))}`;
}

function qualified({ group, plural }: ResourceType): string {
  return group === '' ? plural : `${plural}.${group}`;
}
