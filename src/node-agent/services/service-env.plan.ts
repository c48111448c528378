import type { Pod, Service } from '#api';

/** Services whose variables a pod gets at most: each has seven, and the kernel bounds their sum. */
const MAX_SERVICES = 500;

/**
 * Variables by which programs find Services: the API's always, the namespace's own unless the pod declines them.
 * Source: kubelet/envvars/envvars.go, kubelet_pods.go getServiceEnvVarMap (v1.32).
 */
export function planServiceEnv(pod: Pod, services: readonly Service[]): ReadonlyMap<string, string> {
  const env = new Map<string, string>();
  const namespace = pod.metadata.namespace ?? '';
  const links = pod.spec.enableServiceLinks !== false;
  const wanted = services
    .filter(({ metadata }) => isMaster(metadata) || (links && metadata.namespace === namespace))
    .sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1))
    .slice(0, MAX_SERVICES);
  for (const service of wanted) addService(env, service);
  return env;
}

function isMaster({ namespace, name }: Service['metadata']): boolean {
  return namespace === 'default' && name === 'kubernetes';
}

function addService(env: Map<string, string>, { metadata, spec }: Service): void {
  const { clusterIP } = spec;
  const [first] = spec.ports ?? [];
  if (clusterIP === undefined || clusterIP === '' || clusterIP === 'None' || first === undefined) return;
  const prefix = variableName(metadata.name);
  env.set(`${prefix}_SERVICE_HOST`, clusterIP);
  env.set(`${prefix}_SERVICE_PORT`, String(first.port));
  for (const { name, port } of spec.ports ?? []) {
    if (name !== undefined && name !== '') env.set(`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port));
  }
  env.set(`${prefix}_PORT`, `${(first.protocol ?? 'TCP').toLowerCase()}://${clusterIP}:${first.port}`);
  for (const { port, protocol = 'TCP' } of spec.ports ?? []) {
    const link = `${prefix}_PORT_${port}_${protocol}`;
    env.set(link, `${protocol.toLowerCase()}://${clusterIP}:${port}`);
    env.set(`${link}_PROTO`, protocol.toLowerCase());
    env.set(`${link}_PORT`, String(port));
    env.set(`${link}_ADDR`, clusterIP);
  }
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}
