import type { Pod } from '../pod/pod.types.ts';

export interface HostFilesInput {
  readonly pod: Pod;
  readonly podIP: string | undefined;
  readonly clusterDomain: string;
  /** The nameserver of pods. */
  readonly dnsIP: string;
  /** The host's own `/etc/resolv.conf` and `/etc/hosts`. */
  readonly hostResolvConf: string;
  readonly hostHosts: string;
}

/** Longest hostname the kernel takes, less one for good measure. Source: kubelet_pods.go, truncatePodHostnameIfNeeded. */
const MAX_HOSTNAME = 63;
/** Source: kubernetes pkg/apis/core/validation, MaxDNSNameservers, MaxDNSSearchPaths, MaxDNSSearchListChars (v1.32). */
const MAX_NAMESERVERS = 3;
const MAX_SEARCH_PATHS = 32;
const MAX_SEARCH_CHARACTERS = 2048;

/** Longest name the kernel takes for a host, in characters. Source: sethostname(2), kubelet_pods.go (v1.32). */
const MAX_FULL_HOSTNAME = 64;

/**
 * The name the kernel gives the pod: its short one, or with `setHostnameAsFQDN` the one with all domains, where it has
 * any. Throws `RangeError` when that is too long. Source: util.go, GetNodenameForKernel (v1.32).
 */
export function kernelNameOf(pod: Pod, clusterDomain: string): string {
  const full = pod.spec.setHostnameAsFQDN === true ? fullNameOf(pod, clusterDomain) : undefined;
  if (full === undefined) return hostnameOf(pod);
  if (full.length <= MAX_FULL_HOSTNAME) return full;
  throw new RangeError(
    `failed to construct FQDN from pod hostname and cluster domain, FQDN ${full} is too long (${MAX_FULL_HOSTNAME} characters is the max, ${full.length} characters requested)`,
  );
}

/** The pod's name in the cluster's DNS; undefined for one outside any subdomain. */
function fullNameOf(pod: Pod, clusterDomain: string): string | undefined {
  const { subdomain } = pod.spec;
  if (subdomain === undefined || subdomain === '') return undefined;
  return `${hostnameOf(pod)}.${subdomain}.${pod.metadata.namespace ?? ''}.svc.${clusterDomain}`;
}

/** A pod's hostname: its own word, or its name cut to what the kernel takes. */
export function hostnameOf({ metadata, spec }: Pod): string {
  if (spec.hostname !== undefined && spec.hostname !== '') return spec.hostname;
  return metadata.name.slice(0, MAX_HOSTNAME).replace(/[-.]+$/, '');
}

/** The pod's `/etc/hosts`. Source: kubelet_pods.go, managedHostsFileContent (v1.32). */
export function hostsFile({ pod, podIP, clusterDomain, hostHosts }: HostFilesInput): string {
  const { spec } = pod;
  const aliases = (spec.hostAliases ?? []).map(({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join('\t')}`);
  const extra = aliases.length === 0 ? [] : ['', '# Entries added by HostAliases.', ...aliases];
  if (spec.hostNetwork === true) return [hostHosts.trimEnd(), ...extra, ''].join('\n');
  const hostname = hostnameOf(pod);
  const full = fullNameOf(pod, clusterDomain);
  return [
    '# Managed by Plumbline.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...(podIP === undefined ? [] : [`${podIP}\t${full === undefined ? hostname : `${full}\t${hostname}`}`]),
    ...extra,
    '',
  ].join('\n');
}

interface Resolver {
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

/** The pod's `/etc/resolv.conf`, by its DNS policy. Source: kubelet/network/dns/dns.go, GetPodDNS (v1.32). */
export function resolvConf(input: HostFilesInput): string {
  const { pod, clusterDomain, dnsIP } = input;
  const host = parseResolvConf(input.hostResolvConf);
  const config = pod.spec.dnsConfig;
  const base = baseResolver(pod, host, clusterDomain, dnsIP);
  const nameservers = unique([...base.nameservers, ...(config?.nameservers ?? [])]).slice(0, MAX_NAMESERVERS);
  const options = mergeOptions(base.options, config?.options ?? []);
  const searches = fitting(unique([...base.searches, ...(config?.searches ?? [])]));
  return [
    ...nameservers.map((server) => `nameserver ${server}`),
    ...(searches.length === 0 ? [] : [`search ${searches.join(' ')}`]),
    ...(options.length === 0 ? [] : [`options ${options.join(' ')}`]),
    '',
  ].join('\n');
}

function baseResolver({ spec, metadata }: Pod, host: Resolver, domain: string, dnsIP: string): Resolver {
  const policy = spec.dnsPolicy ?? 'ClusterFirst';
  if (policy === 'None') return { nameservers: [], searches: [], options: [] };
  const isCluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && spec.hostNetwork !== true);
  if (!isCluster) return host;
  const own = [`${metadata.namespace ?? 'default'}.svc.${domain}`, `svc.${domain}`, domain];
  return { nameservers: [dnsIP], searches: [...own, ...host.searches], options: ['ndots:5'] };
}

/** Reads what matters of a resolv.conf(5). */
export function parseResolvConf(text: string): Resolver {
  const nameservers: string[] = [];
  let searches: readonly string[] = [];
  let options: readonly string[] = [];
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'nameserver' && rest[0] !== undefined) nameservers.push(rest[0]);
    if (word === 'search' || word === 'domain') searches = rest.filter((search) => search !== '.');
    if (word === 'options') options = rest;
  }
  return { nameservers, searches, options };
}

function mergeOptions(
  base: readonly string[],
  own: readonly { readonly name?: string | undefined; readonly value?: string | undefined }[],
): readonly string[] {
  const merged = new Map(base.map((option) => [option.split(':')[0] ?? '', option]));
  for (const { name = '', value } of own) merged.set(name, value === undefined ? name : `${name}:${value}`);
  return [...merged.values()];
}

function fitting(searches: readonly string[]): readonly string[] {
  let length = 0;
  return searches.slice(0, MAX_SEARCH_PATHS).filter((search) => {
    length += search.length + 1;
    return length <= MAX_SEARCH_CHARACTERS;
  });
}

function unique(items: readonly string[]): readonly string[] {
  return [...new Set(items)];
}
