/** A folder that a server shares, as Kubernetes names it. */
export interface NfsShare {
  readonly server: string;
  /** Absolute, on the server. */
  readonly path: string;
  /** As `mount -o` takes them; one may hold several, with commas between. */
  readonly options: readonly string[];
}

export type NfsMountPlan = { readonly args: readonly string[] } | { readonly failure: string };

/** A host's name or address; never what a program could take for an option. Zones: `fe80::1%eth0`. */
const SERVER = /^[A-Za-z0-9:][A-Za-z0-9.:_-]{0,252}(%[A-Za-z0-9._-]{1,15})?$/;
/** Bytes. Source: linux include/linux/limits.h, PATH_MAX. */
const MAX_PATH = 4096;

/** What `mount` is told. Source: kubernetes pkg/volume/nfs/nfs.go, SetUpAt and getServerFromSource (v1.32). */
export function planNfsMount({ server, path, options }: NfsShare, target: string): NfsMountPlan {
  if (!SERVER.test(server)) return { failure: `${JSON.stringify(server)} is no name or address of an NFS server` };
  if (!path.startsWith('/') || hasControl(path) || Buffer.byteLength(path) > MAX_PATH) {
    return { failure: `${JSON.stringify(path)} is no absolute path of an NFS server` };
  }
  const strange = options.find((option) => option === '' || hasControl(option));
  if (strange !== undefined) return { failure: `${JSON.stringify(strange)} is no mount option` };
  const unique = [...new Set(options)];
  // Only an address of IPv6 has a colon.
  const host = server.includes(':') ? `[${server}]` : server;
  return {
    args: ['-t', 'nfs', ...(unique.length === 0 ? [] : ['-o', unique.join(',')]), '--', `${host}:${path}`, target],
  };
}

function hasControl(text: string): boolean {
  return [...text].some((character) => character < ' ' || character === '\u007f');
}

/** What a person can do about the words of `mount`; '' where they say it themselves. */
export function nfsWayOut(words: string): string {
  if (/unknown filesystem type|No such device/i.test(words)) {
    return ': the kernel of this node has no NFS client; load its module (modprobe nfs), or take another kernel, or node';
  }
  if (/helper program|bad option/i.test(words)) {
    return ': NFS needs the program mount.nfs on this node; install nfs-common (Debian, Ubuntu) or nfs-utils (Fedora, SUSE, Alpine)';
  }
  if (/rpc\.statd/i.test(words)) {
    return ': start rpc.statd on this node, or set the mount option nfsvers=4 or nolock';
  }
  return '';
}
