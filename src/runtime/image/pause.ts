import { PlumblineError } from '#base';
import { buildScratchImage, imageArchitecture } from './scratch-image.ts';

/** The sandbox image: one static program that sleeps, reaps orphans and leaves on SIGTERM. Made here, never pulled. */
export const PAUSE_IMAGE = 'plumbline.local/pause:1';

/**
 * Machine code of the program, and its ELF machine number. As PID 1 it gets no signal it has no handler for, so it
 * blocks TERM, INT and CHLD and waits for them: `sigprocmask; loop { rt_sigtimedwait; CHLD → wait4 all; else exit(0) }`.
 */
const CODE: Readonly<Record<string, readonly [machine: number, text: string]>> = {
  amd64: [
    62,
    '68024001004889e631ff31d26a08415a6a0e580f054889e731f631d26a08415ab8800000000f0583f811740d85c078e531ffb8e7000000' +
      '0f054883cfff31f66a015a4531d26a3d580f0585c07febebc5',
  ],
  arm64: [
    183,
    '490088d22900a0f2e90f1ff8e1030091000080d2020080d2030180d2e81080d2010000d4e0030091010080d2020080d2030180d2281180d2' +
      '010000d41f440071a000005400ffff37000080d2c80b80d2010000d400008092010080d2220080d2030080d2882080d2010000d41f000071' +
      '2cffff54ecffff17',
  ],
};

/** Where the program is loaded; any page the kernel lets a program have. */
const BASE = 0x400000n;
const HEADERS = 64 + 56;

/** A static ELF of a few hundred bytes: header, one loadable segment, text. */
export function pauseProgram(architecture: string): Uint8Array {
  const code = CODE[architecture];
  if (code === undefined) {
    throw new PlumblineError(`there is no sandbox program for the processor ${architecture}`, {
      code: 'ArchitectureUnsupported',
    });
  }
  const [machine, hex] = code;
  const text = Buffer.from(hex, 'hex');
  const elf = Buffer.alloc(HEADERS + text.length);
  elf.write('\x7fELF\x02\x01\x01', 'latin1');
  elf.writeUInt16LE(2, 16);
  elf.writeUInt16LE(machine, 18);
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

/** The sandbox image as a tar for `docker load`. */
export function pauseImageTar(architecture: string = imageArchitecture()): Iterable<Uint8Array> {
  return buildScratchImage({
    tag: PAUSE_IMAGE,
    files: [{ path: 'pause', content: pauseProgram(architecture), mode: 0o755 }],
    config: { entrypoint: ['/pause'] },
    architecture,
  });
}
