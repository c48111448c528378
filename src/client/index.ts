/** The API as callers see it, wherever the server is. */
export type {
  ApplyOptions,
  Client,
  DeleteOptions,
  GetOptions,
  IssuedToken,
  ListOptions,
  LogOptions,
  NamespacedName,
  PatchType,
  ReadOptions,
  SubresourceOptions,
  TokenSpec,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts';
export { ConnectionError } from './http/errors.ts';
export type { HttpClient, HttpClientOptions, ServerTable } from './http-client.ts';
export { createHttpClient } from './http-client.ts';
export type { KubeconfigClientOptions, KubeconfigConnection } from './kubeconfig.ts';
export { clientFromKubeconfig, KubeconfigError, readKubeconfig } from './kubeconfig.ts';
export { issuedToken, tokenRequest } from './token-request.ts';
