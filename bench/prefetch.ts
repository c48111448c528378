/** Fetches the busybox image and etcd while there is a network: the hosts that are measured have none. */
import { fileOfPackage } from '../test/support/debian.ts';
import { busyboxTar } from '../test/support/images.ts';

await busyboxTar();
await fileOfPackage('etcd-server', ['usr/bin/etcd']);
