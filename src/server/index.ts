/** The API server: registry and verbs, HTTPS, who may do what, agents' tunnel, webhooks, and the UI's server side. */
export type { Authorize, AuthorizerDeps } from './auth/authorizer.ts';
export { createAuthorizer } from './auth/authorizer.ts';
export { GROUP_MASTERS, GROUP_NODES, GROUP_VIEWERS, nodeUser } from './auth/groups.plan.ts';
export type { Sessions } from './auth/sessions.ts';
export { createSessions } from './auth/sessions.ts';
export type { TokenStore } from './auth/tokens.ts';
export { openTokenFile } from './auth/tokens.ts';
export type { HttpServerOptions, Listener } from './http/server.ts';
export { createHttpServer } from './http/server.ts';
export type { NodeTunnel } from './nodes/node-tunnel.ts';
export { createNodeTunnel } from './nodes/node-tunnel.ts';
export type { ControlMessage, LogStreamOptions, LogTarget } from './nodes/node-tunnel.types.ts';
export type { OpenPodLog } from './nodes/pod-logs.ts';
export { createPodLogs } from './nodes/pod-logs.ts';
export type { KubeconfigOptions } from './pki/kubeconfig.ts';
export { writeKubeconfig } from './pki/kubeconfig.ts';
export type { Pki, PkiOptions } from './pki/pki.ts';
export { ensurePki } from './pki/pki.ts';
