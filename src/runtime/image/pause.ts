import { PlumblineError } from '#base';
import { buildScratchImage, imageArchitecture } from './scratch-image.ts';
import { staticElf } from './static-elf.ts';

/** The sandbox image: one static program that sleeps, reaps orphans and leaves on SIGTERM. Made here, never pulled. */
export const PAUSE_IMAGE = 'plumbline.local/pause:1';

/**
 * Machine code of the program. As PID 1 it gets no signal it has no handler for, so it
 * blocks TERM, INT and CHLD and waits for them: `sigprocmask; loop { rt_sigtimedwait; CHLD → wait4 all; else exit(0) }`.
 */
const CODE: Readonly<Record<string, string>> = {
  amd64:
    '68024001004889e631ff31d26a08415a6a0e580f054889e731f631d26a08415ab8800000000f0583f811740d85c078e531ffb8e7000000' +
    '0f054883cfff31f66a015a4531d26a3d580f0585c07febebc5',
  arm64:
    '490088d22900a0f2e90f1ff8e1030091000080d2020080d2030180d2e81080d2010000d4e0030091010080d2020080d2030180d2281180d2' +
    '010000d41f440071a000005400ffff37000080d2c80b80d2010000d400008092010080d2220080d2030080d2882080d2010000d41f000071' +
    '2cffff54ecffff17',
};

export function pauseProgram(architecture: string): Uint8Array {
  const code = CODE[architecture];
  if (code === undefined) {
    throw new PlumblineError(`there is no sandbox program for the processor ${architecture}`, {
      code: 'ArchitectureUnsupported',
    });
  }
  return staticElf(architecture, code);
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
