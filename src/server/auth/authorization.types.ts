import type { Pod } from '#api';
import type { UserInfo } from '../registry/api.ts';

export type { UserInfo };

/** What is asked, in the words of a resource request. */
export interface ResourceAttributes {
  readonly verb: 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';
  readonly group: string;
  /** Plural. */
  readonly resource: string;
  readonly subresource?: string;
  /** '' for cluster scope or all namespaces. */
  readonly namespace: string;
  /** Of a create: the name in the body. Of a list or watch: the name its field selector demands. */
  readonly name?: string;
  /** `spec.nodeName` as a list's or watch's field selector demands it. */
  readonly nodeName?: string;
}

/** A path that is no resource: discovery, documents, the agents' tunnel. */
export interface PathAttributes {
  readonly verb: string;
  readonly path: string;
}

export type Attributes = ResourceAttributes | PathAttributes;

export interface AuthorizationInput {
  readonly user: UserInfo;
  readonly attributes: Attributes;
  /** Pods bound to the caller's node; empty for everyone who is no node. */
  readonly nodePods: readonly Pod[];
}

/** `reason` says which rule decided; never shown to the caller in full, but logged. */
export interface AuthorizationPlan {
  readonly allowed: boolean;
  readonly reason: string;
}
