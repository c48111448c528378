import type { NodeFilter } from './filter.ts';

export const nodeName: NodeFilter = ({ spec }, node) =>
  spec.nodeName === undefined || spec.nodeName === '' || spec.nodeName === node.metadata.name
    ? undefined
    : "node(s) didn't match the requested node name";
