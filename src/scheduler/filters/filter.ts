import type { Node, Pod } from '#api';

/**
 * Says why a node cannot take a pod, from facts that no other placement changes; undefined when it can. The words are
 * Kubernetes' own, since people search for them.
 */
export type NodeFilter = (pod: Pod, node: Node) => string | undefined;
