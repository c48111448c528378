/** ELF's number of each processor we have programs for. Source: elf.h, EM_X86_64, EM_AARCH64. */
const MACHINES: Readonly<Record<string, number>> = { amd64: 62, arm64: 183 };
/** Where a program is loaded; any page the kernel lets a program have. */
const BASE = 0x400000n;
const HEADERS = 64 + 56;

/** A static program of a few hundred bytes: header, one segment to read and execute, text. */
export function staticElf(architecture: string, textHex: string): Uint8Array {
  const text = Buffer.from(textHex, 'hex');
  const elf = Buffer.alloc(HEADERS + text.length);
  elf.write('\x7fELF\x02\x01\x01', 'latin1');
  elf.writeUInt16LE(2, 16);
  elf.writeUInt16LE(MACHINES[architecture] ?? 0, 18);
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(BASE + BigInt(HEADERS), 24);
  elf.writeBigUInt64LE(64n, 32);
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(1, 64);
  elf.writeUInt32LE(5, 68);
  elf.writeBigUInt64LE(BASE, 80);
  elf.writeBigUInt64LE(BASE, 88);
  elf.writeBigUInt64LE(BigInt(elf.length), 96);
  elf.writeBigUInt64LE(BigInt(elf.length), 104);
  elf.writeBigUInt64LE(0x1000n, 112);
  text.copy(elf, HEADERS);
  return elf;
}
