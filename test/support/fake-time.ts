import { fileOfPackage } from './debian.ts';

/** Debian's libfaketime, for programs of several threads; preloaded, it sets the clock of one program alone. */
export const fakeTime = (): Promise<string> =>
  fileOfPackage(
    'libfaketime',
    ['x86_64', 'aarch64'].map((machine) => `usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`),
  );
