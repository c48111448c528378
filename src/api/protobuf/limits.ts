import { MAX_DEPTH } from '../yaml/limits.ts';

/** What one protobuf body may cost before it is refused. Its size is the transport's to limit: 3 MiB for a request. */
export const protobufLimits = {
  /** Messages within each other; the deepest built-in kind needs fewer than 20. */
  maxDepth: MAX_DEPTH,
  /**
   * Values of all messages: some 40 ms of work. Two bytes can be an empty object, so that 3 MiB could otherwise be a
   * million of them. An EndpointSlice of 1,000 endpoints, the largest thing that controllers write, has fewer than 20,000.
   */
  maxValues: 100_000,
} as const;
