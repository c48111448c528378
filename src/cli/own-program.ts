import { fileURLToPath } from 'node:url';

/** This very build, as another process starts it. */
export const ownProgram: readonly string[] = [
  process.execPath,
  ...process.execArgv,
  fileURLToPath(new URL('./main.js', import.meta.url)),
];
