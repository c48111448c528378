/** Versions that clients may speak besides the one in which a kind is stored. */
import type { ResourceType } from '../kinds/resource.ts';
import { apiVersionOf } from '../kinds/resource.ts';
import { EVENTS, HORIZONTAL_POD_AUTOSCALERS } from '../kinds/resources.ts';
import type { KubeObject } from '../meta/object.ts';
import type { FieldIssue } from '../schema/schema.ts';
import { newEventIssues } from '../validation/event.ts';
import { autoscalerFromV2, autoscalerToV2 } from './autoscaler.ts';
import { EVENT_SELECTORS, eventFromCore, eventToCore } from './event.ts';

/**
 * One version of a kind that is stored in another. Both ways are pure, never throw whatever stands in an object, and
 * add no defaults: a part of an object (what server-side apply sends) becomes the part that it means.
 */
export interface ServedVersion {
  readonly type: ResourceType;
  readonly stored: ResourceType;
  toStored(object: KubeObject): KubeObject;
  fromStored(object: KubeObject): KubeObject;
  /** Its field selectors, each with the stored version's name of the same; absent: they are the same. */
  readonly fieldSelectors?: Readonly<Record<string, string>>;
  /** What only those who write in this version have to keep to, beyond the rules of the stored one. Both are in that one. */
  issues?(object: KubeObject, old: KubeObject | undefined): readonly FieldIssue[];
}

export const SERVED_VERSIONS: readonly ServedVersion[] = [
  {
    type: { ...HORIZONTAL_POD_AUTOSCALERS, version: 'v1' },
    stored: HORIZONTAL_POD_AUTOSCALERS,
    toStored: autoscalerToV2,
    fromStored: autoscalerFromV2,
  },
  {
    type: { ...EVENTS, group: 'events.k8s.io', version: 'v1' },
    stored: EVENTS,
    toStored: eventToCore,
    fromStored: eventFromCore,
    fieldSelectors: EVENT_SELECTORS,
    issues: newEventIssues,
  },
];

/** The version an object is written in, when it is served but not the stored one. */
export function otherVersionOf({
  apiVersion,
  kind,
}: Pick<KubeObject, 'apiVersion' | 'kind'>): ServedVersion | undefined {
  return SERVED_VERSIONS.find(({ type }) => type.kind === kind && apiVersionOf(type) === apiVersion);
}

/** The object as it would be stored; itself when it is in that version already. Expects the types of its version. */
export function inStoredVersion(object: KubeObject): KubeObject {
  return otherVersionOf(object)?.toStored(object) ?? object;
}
