import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, from source and from dist alike. */
export const packageRoot = fileURLToPath(new URL('../../', import.meta.url));

/** Everything the product writes stands below one folder. */
export interface StatePaths {
  readonly root: string;
  readonly store: string;
  readonly storeKey: string;
  readonly pki: string;
  readonly serviceAccountKey: string;
  readonly audit: string;
  readonly tokens: string;
  readonly kubeconfig: string;
  readonly mirrors: string;
  readonly clusterId: string;
  readonly demo: string;
  /** The node agent's own folder: it may be on another machine. */
  readonly agent: string;
  readonly agentLog: string;
  readonly agentPid: string;
  readonly serverPid: string;
}

export function statePaths(stateDir: string): StatePaths {
  const root = path.resolve(stateDir);
  const agent = path.join(root, 'agent');
  return {
    root,
    store: path.join(root, 'store.sqlite'),
    storeKey: path.join(root, 'store.key'),
    pki: path.join(root, 'pki'),
    serviceAccountKey: path.join(root, 'pki/service-account.key'),
    audit: path.join(root, 'audit'),
    tokens: path.join(root, 'tokens.json'),
    kubeconfig: path.join(root, 'kubeconfig'),
    mirrors: path.join(root, 'mirrors'),
    clusterId: path.join(root, 'cluster-id'),
    demo: path.join(root, 'demo'),
    agent,
    agentLog: path.join(root, 'agent.log'),
    agentPid: path.join(root, 'agent.pid'),
    serverPid: path.join(root, 'server.pid'),
  };
}
