#!/usr/bin/env node
import { main } from './program.ts';

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

// Timers of ours do not keep a process alive; a command that only waits must not end before it is done.
const alive = setInterval(() => undefined, 1_000_000);
process.exitCode = await main(process.argv.slice(2));
clearInterval(alive);
