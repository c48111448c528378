import type { Log } from '#base';
import { LINK_PREFIX } from '../address.plan.ts';
import { mustRun, run } from './run.ts';

/** Docker's chain for rules of others; Docker jumps to it first and never changes it. */
const CHAIN = 'DOCKER-USER';
/** Waits for another program's change, in s. */
const LOCK = ['-w', '5'];
/** Traffic from and to interfaces of ours. */
const RULES = [
  ['-i', `${LINK_PREFIX}+`, '-j', 'ACCEPT'],
  ['-o', `${LINK_PREFIX}+`, '-j', 'ACCEPT'],
] as const;

export type FirewallState =
  /** Pods' traffic is let through, by our rules or because nothing drops it. */
  | { readonly type: 'open' }
  /** Something that is not Docker drops forwarded traffic. */
  | { readonly type: 'blocked'; readonly reason: string; readonly remedy: string };

/**
 * Keeps Docker's firewall from dropping pods' traffic: Docker sets the policy of FORWARD to DROP, and no rule in a table
 * of ours can overrule that. Uses the host's `iptables`, since Docker's rules lie where that one looks. `onStart` is
 * told of each process that is about to change rules.
 */
export async function openDockerFirewall(log: Log, onStart: (pid: number) => void): Promise<FirewallState> {
  const user = await run('iptables', [...LOCK, '-S', CHAIN]);
  if (user.code === undefined) return { type: 'open' };
  if (user.code !== 0) return withoutDocker();
  const lines = user.stdout.split('\n');
  for (const rule of RULES) {
    if (lines.includes(`-A ${CHAIN} ${rule.join(' ')}`)) continue;
    await mustRun('iptables', [...LOCK, '-I', CHAIN, ...rule], { onStart });
    log.info({ chain: CHAIN, rule: rule.join(' ') }, 'firewall rule added');
  }
  return { type: 'open' };
}

/** Whether `nft monitor` sees what happens to these rules: not those of iptables-legacy. No iptables, nothing to see. */
export async function firewallIsMonitored(): Promise<boolean> {
  const { code, stdout } = await run('iptables', ['--version']);
  return code === undefined || stdout.includes('nf_tables');
}

export async function closeDockerFirewall(): Promise<void> {
  for (const rule of RULES) {
    // A failure says that the rule, the chain or the tool is not there: nothing to take away.
    await run('iptables', [...LOCK, '-D', CHAIN, ...rule]);
  }
}

async function withoutDocker(): Promise<FirewallState> {
  const { stdout } = await run('iptables', [...LOCK, '-S', 'FORWARD', '1']);
  const policy = await run('iptables', [...LOCK, '-S', 'FORWARD']);
  if (!policy.stdout.includes('-P FORWARD DROP')) return { type: 'open' };
  return {
    type: 'blocked',
    reason: `the firewall of this host drops forwarded traffic (FORWARD policy DROP${stdout.trim() === '' ? '' : ', with rules'})`,
    remedy: RULES.map((rule) => `iptables -I FORWARD ${rule.join(' ')}`).join('; '),
  };
}
