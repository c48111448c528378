import type { ClusterRole, ClusterRoleBinding, PersistentVolume, Pod, Role, RoleBinding } from '#api';
import type { UserInfo } from '../registry/api.ts';

export type { UserInfo };

/** What is asked, in the words of a resource request. */
export interface ResourceAttributes {
  /** A verb of the API, or one that only roles know: `bind`, `escalate`, `impersonate` … */
  readonly verb: string;
  readonly group: string;
  /** Plural. */
  readonly resource: string;
  readonly subresource?: string;
  /** '' for cluster scope or all namespaces. */
  readonly namespace: string;
  /** As the path names it. Of a list or watch: the name its field selector demands. */
  readonly name?: string;
  /** Of a create: the name in the body. Roles do not see it, since the path does not tell it; the node authorizer does. */
  readonly newName?: string;
  /** `spec.nodeName` as a list's or watch's field selector demands it. */
  readonly nodeName?: string;
  /** The node whose volumes a list's or watch's label selector demands. */
  readonly volumeNode?: string;
}

/** A path that is no resource: discovery, documents, the agents' tunnel. */
export interface PathAttributes {
  readonly verb: string;
  readonly path: string;
}

export type Attributes = ResourceAttributes | PathAttributes;

export type Binding = RoleBinding | ClusterRoleBinding;

/** Roles and bindings as they stand. Namespace '' is the cluster's. */
export interface RoleSource {
  role(namespace: string, name: string): Role | undefined;
  clusterRole(name: string): ClusterRole | undefined;
  /** Bindings of the namespace that name one of the user's identities; RoleBindings, or with '' ClusterRoleBindings. */
  bindingsOf(user: UserInfo, namespace: string): Iterable<Binding>;
}

export interface AuthorizationInput {
  readonly user: UserInfo;
  readonly attributes: Attributes;
  /** Pods bound to the caller's node; empty for everyone who is no node. */
  readonly nodePods: readonly Pod[];
  /** The volume that a node asks for by name. */
  readonly nodeVolume?: PersistentVolume | undefined;
  readonly roles: RoleSource;
}

/** `reason` says which rule decided, or what kept a rule from being found; empty when simply none is there. */
export interface AuthorizationPlan {
  readonly allowed: boolean;
  readonly reason: string;
}

/** Throws `Forbidden` unless the user may do it. */
export type Authorize = (user: UserInfo, attributes: Attributes) => Promise<void>;
