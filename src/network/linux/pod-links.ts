import { type FileHandle, open, stat } from 'node:fs/promises';
import { errorCode, type Log } from '#base';
import { cidrContains, isLinkName, linkName, parseCidr } from '../address.plan.ts';
import type { NetworkOwner } from '../claim.plan.ts';
import { NetworkError } from '../errors.ts';
import type { PodAttachment } from '../network.ts';
import { POD_INTERFACE, planPodLink } from '../pod-link.plan.ts';
import { processStartTime } from './process.ts';
import { mustRun, run } from './run.ts';

/** The pod's namespace as the commands see it: held open, so that it stays the same whatever becomes of the pid. */
const NAMESPACE = '/proc/self/fd/3';
const NSENTER = [`--net=${NAMESPACE}`, 'ip'];

export interface PodLinksOptions {
  readonly podCidr: string;
  readonly owner: NetworkOwner;
}

/** Puts pods' interfaces in place and takes them away. Remembers nothing: the kernel's state is the state. */
export class PodLinks {
  readonly #log: Log;
  readonly #podCidr: string;
  readonly #ownerId: string;
  /** One change of a pod's link at a time. */
  readonly #queues = new Map<string, Promise<void>>();
  #mtu: Promise<number> | undefined;

  constructor(log: Log, { podCidr, owner }: PodLinksOptions) {
    this.#log = log;
    this.#podCidr = podCidr;
    this.#ownerId = owner.id;
  }

  attach(pod: PodAttachment): Promise<void> {
    return this.#inTurn(pod.id, () => this.#attach(pod));
  }

  detach(id: string): Promise<void> {
    return this.#inTurn(id, () => removeLinks([linkName(this.#ownerId, id)]));
  }

  /** Takes away every interface of this installation, also of an earlier agent; others' stay. */
  async removeAll(): Promise<void> {
    const links: unknown = JSON.parse(await mustRun('ip', ['-j', 'link', 'show', 'type', 'veth']));
    const names = Array.isArray(links) ? links.map(interfaceName) : [];
    await removeLinks(names.filter((name) => isLinkName(this.#ownerId, name)));
  }

  async #attach(pod: PodAttachment): Promise<void> {
    const range = parseCidr(this.#podCidr);
    if (range === undefined || !cidrContains(range, pod.ip)) {
      throw new NetworkError(
        'NetworkAddress',
        `The pod's address ${pod.ip} is not in the node's range ${this.#podCidr}.`,
      );
    }
    const namespace = await openNamespace(pod);
    try {
      const link = linkName(this.#ownerId, pod.id);
      const plan = planPodLink({
        link,
        ip: pod.ip,
        namespace: NAMESPACE,
        mtu: await this.#uplinkMtu(),
      });
      const descriptor = namespace.fd;
      const make = async () => {
        await mustRun('ip', ['-batch', '-'], { input: plan.host.join('\n'), descriptor });
        await mustRun('nsenter', [...NSENTER, '-batch', '-'], { input: plan.pod.join('\n'), descriptor });
      };
      try {
        await make();
      } catch (error) {
        // Most often it stands already, from before a restart of the agent.
        if (await stands(link, pod.ip, descriptor)) return;
        this.#log.warn({ err: error, pod: pod.id, link }, 'pod link is made anew');
        await removeLinks([link]);
        await run('nsenter', [...NSENTER, 'link', 'delete', POD_INTERFACE], { descriptor });
        await make().catch(async (again: unknown) => {
          await removeLinks([link]);
          throw again;
        });
      }
    } finally {
      await namespace.close();
    }
  }

  /** Runs after what was asked for the same pod before, whatever came of that. */
  #inTurn(id: string, task: () => Promise<void>): Promise<void> {
    const turn = (this.#queues.get(id) ?? Promise.resolve()).then(task, task);
    this.#queues.set(id, turn);
    const forget = () => {
      if (this.#queues.get(id) === turn) this.#queues.delete(id);
    };
    turn.then(forget, forget);
    return turn;
  }

  #uplinkMtu(): Promise<number> {
    this.#mtu ??= uplinkMtu();
    return this.#mtu;
  }
}

/**
 * The namespace of the pod's process. Throws `SandboxGone` when the process is gone, is another one than meant, or lives
 * in the host's own network, where an interface of a pod has no business.
 */
async function openNamespace({ id, pid, startTime }: PodAttachment): Promise<FileHandle> {
  const namespace = await open(`/proc/${pid}/ns/net`, 'r').catch((error: unknown) => {
    throw errorCode(error) === 'ENOENT'
      ? new NetworkError('SandboxGone', `Process ${pid} of pod ${id} is gone.`, error)
      : error;
  });
  try {
    const [theirs, ours] = await Promise.all([
      namespace.stat({ bigint: true }),
      stat('/proc/self/ns/net', { bigint: true }),
    ]);
    if (theirs.ino === ours.ino && theirs.dev === ours.dev) {
      throw new NetworkError('SandboxGone', `Process ${pid} of pod ${id} has no network namespace of its own.`);
    }
    if (startTime !== undefined && (await processStartTime(pid)) !== startTime) {
      throw new NetworkError('SandboxGone', `Process ${pid} is not the one that pod ${id} was started with.`);
    }
    return namespace;
  } catch (error) {
    await namespace.close();
    throw error;
  }
}

/** Whether exactly this link stands at both ends: the two interfaces know each other, and address and route are there. */
async function stands(link: string, ip: string, descriptor: number): Promise<boolean> {
  const [host, route, pod, way] = await Promise.all([
    show('ip', ['-j', 'link', 'show', 'dev', link]),
    show('ip', ['-j', 'route', 'show', `${ip}/32`, 'dev', link]),
    show('nsenter', [...NSENTER, '-j', 'addr', 'show', 'dev', POD_INTERFACE], descriptor),
    show('nsenter', [...NSENTER, '-j', 'route', 'show', 'default', 'dev', POD_INTERFACE], descriptor),
  ]);
  if (host === undefined || pod === undefined || route === undefined || way === undefined) return false;
  const addresses = Array.isArray(pod['addr_info']) ? pod['addr_info'] : [];
  const hasAddress = addresses.some((entry: unknown) => isRecord(entry) && entry['local'] === ip);
  return (
    hasAddress &&
    host['link_index'] === pod['ifindex'] &&
    pod['link_index'] === host['ifindex'] &&
    isUp(host) &&
    isUp(pod)
  );
}

/** The first entry that an `ip -j … show` prints; undefined when it fails or prints none. */
async function show(
  command: string,
  args: readonly string[],
  descriptor?: number,
): Promise<Record<string, unknown> | undefined> {
  const { code, stdout } = await run(command, args, descriptor === undefined ? {} : { descriptor });
  if (code !== 0) return undefined;
  const entries: unknown = JSON.parse(stdout.trim() === '' ? '[]' : stdout);
  const first: unknown = Array.isArray(entries) ? entries[0] : undefined;
  return isRecord(first) ? first : undefined;
}

async function uplinkMtu(): Promise<number> {
  const standard = 1_500;
  const device = (await show('ip', ['-j', 'route', 'show', 'default']))?.['dev'];
  if (typeof device !== 'string') return standard;
  const mtu = (await show('ip', ['-j', 'link', 'show', 'dev', device]))?.['mtu'];
  return typeof mtu === 'number' ? mtu : standard;
}

/** With the host's end the pod's end and the routes go. Links that are not there are no failure. */
async function removeLinks(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const input = names.map((name) => `link delete ${name}`).join('\n');
  await run('ip', ['-force', '-batch', '-'], { input });
  const left = await run('ip', ['-j', 'link', 'show', 'dev', names[0] ?? '']);
  if (left.code === 0) throw new NetworkError('NetworkCommandFailed', `The interface ${names[0]} cannot be removed.`);
}

function interfaceName(link: unknown): string {
  const name = isRecord(link) ? link['ifname'] : undefined;
  return typeof name === 'string' ? name : '';
}

function isUp(link: Record<string, unknown>): boolean {
  return Array.isArray(link['flags']) && link['flags'].includes('UP');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
