import type { ResourceType } from './resource.ts';

/** Questions about rights and identities: they are asked like objects are made, and never stored. */
const authorization = { group: 'authorization.k8s.io', version: 'v1' };
const authentication = { group: 'authentication.k8s.io', version: 'v1' };

export const SELF_SUBJECT_REVIEWS: ResourceType = {
  ...authentication,
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  namespaced: false,
};
export const TOKEN_REVIEWS: ResourceType = {
  ...authentication,
  kind: 'TokenReview',
  plural: 'tokenreviews',
  namespaced: false,
};
/** Asked of a service account, as its subresource `token`. */
export const TOKEN_REQUESTS: ResourceType = {
  ...authentication,
  kind: 'TokenRequest',
  plural: 'tokenrequests',
  namespaced: true,
};
/** Asked of a pod, as its subresource `eviction`. */
export const EVICTIONS: ResourceType = {
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  plural: 'evictions',
  namespaced: true,
};
export const LOCAL_SUBJECT_ACCESS_REVIEWS: ResourceType = {
  ...authorization,
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  namespaced: true,
};
export const SELF_SUBJECT_ACCESS_REVIEWS: ResourceType = {
  ...authorization,
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
};
export const SELF_SUBJECT_RULES_REVIEWS: ResourceType = {
  ...authorization,
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  namespaced: false,
};
export const SUBJECT_ACCESS_REVIEWS: ResourceType = {
  ...authorization,
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
};

/** In the order of discovery. */
export const REVIEWS: readonly ResourceType[] = [
  SELF_SUBJECT_REVIEWS,
  TOKEN_REVIEWS,
  LOCAL_SUBJECT_ACCESS_REVIEWS,
  SELF_SUBJECT_ACCESS_REVIEWS,
  SELF_SUBJECT_RULES_REVIEWS,
  SUBJECT_ACCESS_REVIEWS,
];
