/**
 * What differs between Git and the cluster, and between two commits: field by field, with who wrote it; one set of
 * ignore rules for diff, apply and self-heal; digests; masked secrets. Pure.
 */
export type { IgnoreRequest } from './apply-ignores.ts';
export { applyIgnores } from './apply-ignores.ts';
export type { DiffRequest, ObjectDiff } from './diff-object.ts';
export { diffObject } from './diff-object.ts';
export { digestOf, digestOfObject } from './digest.ts';
export type { IgnoreRules } from './ignore.ts';
export { NO_RULES, rulesFor, unsupportedRules } from './ignore.ts';
export { isSecret, maskPair, maskSecrets } from './mask.ts';
export { isHumanManager } from './owners.ts';
export type { RenderedDiff } from './rendered-diff.ts';
export { diffRendered, objectPatch, unifiedDiff } from './rendered-diff.ts';
