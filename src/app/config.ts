import { isIPv4 } from 'node:net';
import { StartError } from './errors.ts';

/** Where the control plane listens. Loopback unless `--listen` says otherwise; UI and webhooks stay on loopback always. */
export interface ListenConfig {
  readonly host: string;
  readonly apiPort: number;
  readonly uiPort: number;
  readonly webhookPort: number;
}

export const defaultListen: ListenConfig = { host: '127.0.0.1', apiPort: 7443, uiPort: 7080, webhookPort: 7081 };

/** Address ranges of the cluster. */
export const clusterNetwork = {
  podCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/16',
  apiServiceIP: '10.96.0.1',
  dnsServiceIP: '10.96.0.10',
  nodePorts: { from: 30_000, to: 32_767 },
  domain: 'cluster.local',
} as const;

/**
 * Where the Endpoints of Service `default/kubernetes` say that the API answers: at the address it listens on where that
 * is one of the network, otherwise at the Service's own, which every node's relay serves.
 */
export function apiEndpoint(listenHost: string, apiPort: number): { readonly ip: string; readonly port: number } {
  const isOfNetwork = isIPv4(listenHost) && listenHost !== '0.0.0.0' && !/^(127|169\.254)\./.test(listenHost);
  return isOfNetwork ? { ip: listenHost, port: apiPort } : { ip: clusterNetwork.apiServiceIP, port: 443 };
}

export interface RootRepository {
  /** What `plumb up` was given: a URL, or a local path that the operator thereby allows. */
  readonly repository: string;
  readonly path: string;
  readonly revision: string;
}

export interface ControlPlaneConfig {
  readonly stateDir: string;
  readonly listen: ListenConfig;
  readonly root?: RootRepository;
  readonly version: string;
  /** Time between two looks at a repository, ms; jitter comes on top. */
  readonly pollMs?: number;
}

/** A TCP port as a person types it: decimal digits only. */
export function parsePort(text: string, flag: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new StartError(
    'InvalidFlag',
    `${flag}: "${text}" is not a port`,
    'Give a number from 1 to 65535, or 0 for any free port.',
  );
}
