import { PlumblineError } from '#base';

/** Every address of the node's range is taken. */
export class AddressError extends PlumblineError {
  constructor(cidr: string) {
    super(`no address is left in ${cidr}`, { code: 'PodAddressesExhausted', retryable: true });
  }
}

/**
 * Pod addresses of one node's range, one per pod. An address given back is used again only after all others were, so
 * that a connection to a pod that left does not meet a stranger. The first address, the last, and `.1` are never given.
 */
export class AddressPool {
  readonly #cidr: string;
  readonly #first: number;
  readonly #size: number;
  #next = RESERVED_AT_START;
  readonly #byPod = new Map<string, string>();
  readonly #taken = new Set<string>();

  constructor(cidr: string) {
    const [base = '', bits = ''] = cidr.split('/');
    const prefix = Number(bits);
    const address = toNumber(base);
    if (address === undefined || !Number.isInteger(prefix) || prefix < 8 || prefix > 29) {
      throw new PlumblineError(`${cidr} is no usable range of addresses`, { code: 'PodCidrInvalid' });
    }
    this.#cidr = cidr;
    this.#size = 2 ** (32 - prefix);
    this.#first = Math.floor(address / this.#size) * this.#size;
  }

  /** The pod's address: the one it has, or a free one. */
  take(podUid: string): string {
    const known = this.#byPod.get(podUid);
    if (known !== undefined) return known;
    const usable = this.#size - RESERVED_AT_START - 1;
    for (let tried = 0; tried < usable; tried += 1) {
      const address = toText(this.#first + this.#next);
      this.#next = this.#next + 1 > this.#size - 2 ? RESERVED_AT_START : this.#next + 1;
      if (this.#taken.has(address)) continue;
      this.#keep(podUid, address);
      return address;
    }
    throw new AddressError(this.#cidr);
  }

  /** Remembers an address found with a running pod. False when another pod has it. */
  adopt(podUid: string, address: string): boolean {
    if (this.#byPod.get(podUid) === address) return true;
    if (this.#taken.has(address)) return false;
    this.release(podUid);
    this.#keep(podUid, address);
    const offset = (toNumber(address) ?? 0) - this.#first;
    if (offset >= this.#next && offset <= this.#size - 2) {
      this.#next = offset + 1 > this.#size - 2 ? RESERVED_AT_START : offset + 1;
    }
    return true;
  }

  release(podUid: string): void {
    const address = this.#byPod.get(podUid);
    if (address === undefined) return;
    this.#byPod.delete(podUid);
    this.#taken.delete(address);
  }

  #keep(podUid: string, address: string): void {
    this.#byPod.set(podUid, address);
    this.#taken.add(address);
  }
}

/** The network's own address, and `.1`, which people take for a gateway. */
const RESERVED_AT_START = 2;

function toNumber(address: string): number | undefined {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || !parts.every((part) => Number.isInteger(part) && part >= 0 && part <= 255))
    return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

function toText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
