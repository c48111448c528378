/**
 * Longest pause before the agent tries again to reach the server, in ms; an informer spreads it by ±50 %. A server that
 * returns is followed within two seconds, and the few nodes of a cluster asking once a second are no load on one that
 * only just starts.
 */
export const RECONNECT_MAX_MS = 1_000;
