/** Fetches the busybox image while there is a network: the hosts that are measured have none. */
import { busyboxTar } from '../test/support/images.ts';

await busyboxTar();
