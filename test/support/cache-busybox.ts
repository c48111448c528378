/** Fetches what images of the tests are made from, for tests on a host without a network; run by scripts/e2e.mjs. */
import { busyboxProgram } from './images.ts';
import { redisFiles } from './redis.ts';

await Promise.all([busyboxProgram(), redisFiles()]);
