/** What a request says about where it comes from. */
export interface BrowserFacts {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
  /** The header of our own that a foreign page cannot send. */
  readonly marker: string | undefined;
  readonly contentType: string | undefined;
}

export interface GuardPlan {
  readonly allowed: boolean;
  readonly reason: string;
}

const READING = new Set(['GET', 'HEAD']);

/**
 * Decides whether a browser may have sent this by our own page. The Host must be ours, or a page of another name that
 * resolves to us could read everything (DNS rebinding); what changes something must also come from our origin, as JSON,
 * with our header.
 */
export function planGuard(facts: BrowserFacts, hosts: ReadonlySet<string>): GuardPlan {
  const host = facts.host?.toLowerCase();
  if (host === undefined || !hosts.has(host)) return refuse('the Host header names another server');
  if (READING.has(facts.method)) return { allowed: true, reason: 'reading from our own name' };
  if (facts.origin === undefined || !isOurs(facts.origin, hosts))
    return refuse('the request comes from another origin');
  if (facts.fetchSite !== undefined && facts.fetchSite !== 'same-origin')
    return refuse('the request comes from another site');
  if (facts.marker === undefined) return refuse('the header x-plumbline-ui is missing');
  if (!/^application\/json\s*(;|$)/i.test(facts.contentType ?? '')) return refuse('the body must be application/json');
  return { allowed: true, reason: 'from our own page' };
}

/** Names a browser may call us by: what the operator named, and loopback's names, all with the port. */
export function planHosts(names: readonly string[], port: number): ReadonlySet<string> {
  const all = ['localhost', '127.0.0.1', '[::1]', ...names.map(bracketed)];
  return new Set(all.map((name) => `${name.toLowerCase()}:${port}`));
}

function bracketed(name: string): string {
  return name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
}

function isOurs(origin: string, hosts: ReadonlySet<string>): boolean {
  const match = /^https?:\/\/([^/]+)$/.exec(origin.toLowerCase());
  return match?.[1] !== undefined && hosts.has(match[1]);
}

function refuse(reason: string): GuardPlan {
  return { allowed: false, reason };
}
