import type { NodeFilter } from './filter.ts';

/** A node that was never heard of, or is not Ready, takes no pods. */
export const nodeReady: NodeFilter = (_pod, node) =>
  node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
    ? undefined
    : 'node(s) were not ready';
