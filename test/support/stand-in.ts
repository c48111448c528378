import { readFile } from 'node:fs/promises';
import { buildScratchImage, type DockerRuntime, type ScratchFile } from '#runtime';
import { busyboxProgram } from './images.ts';

/** Stands in for agnhost and busybox, the images of the official conformance tests: a shell, and scripts of ours. */
export const STAND_IN_IMAGE = 'plumbline.test/stand-in:1';

/** What tests and scripts call by name. */
const APPLETS =
  'cat chmod cp cut date df echo env false grep head hostname httpd id ip kill ln ls mkdir mount mv nc nslookup printenv ps rm sed sh sleep sort stat tail test timeout touch tr true umount usleep wc wget';

/** Says in the log of its container, and to who asks, what it is asked. */
const ECHO = `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n%s' "$QUERY_STRING"
echo "$QUERY_STRING" >/proc/1/fd/1
echo "$QUERY_STRING" >>/tmp/heard
`;
/** Tells all that `echo` was asked, and the name of its pod. */
const HEARD = `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
cat /tmp/heard
`;
const HOSTNAME = `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n%s' "$(hostname)"
`;

/** Makes the image on an engine. Nothing is pulled. */
export async function loadStandIn(runtime: DockerRuntime): Promise<void> {
  const script = await readFile(new URL('./stand-in.sh', import.meta.url));
  const files: ScratchFile[] = [
    { path: 'bin/busybox', content: await busyboxProgram(), mode: 0o755 },
    ...APPLETS.split(' ').map((name) => ({ path: `bin/${name}`, linkTo: 'busybox' })),
    { path: 'agnhost', content: script, mode: 0o755 },
    { path: 'agnhost-2', content: script, mode: 0o755 },
    { path: 'etc/passwd', content: Buffer.from('root:x:0:0:root:/:/bin/sh\n'), mode: 0o644 },
    { path: 'etc/group', content: Buffer.from('root:x:0:\n'), mode: 0o644 },
    { path: 'tmp/.keep', content: new Uint8Array(0), mode: 0o644 },
    { path: 'www/index.html', content: Buffer.from('<p>here</p>\n'), mode: 0o644 },
    { path: 'www/healthz', content: Buffer.from('ok\n'), mode: 0o644 },
    { path: 'www/cgi-bin/echo', content: Buffer.from(ECHO), mode: 0o755 },
    { path: 'www/cgi-bin/heard', content: Buffer.from(HEARD), mode: 0o755 },
    { path: 'www/cgi-bin/hostname', content: Buffer.from(HOSTNAME), mode: 0o755 },
  ];
  const config = { entrypoint: ['/agnhost'], cmd: ['pause'], env: ['PATH=/bin'] };
  await runtime.loadImage(buildScratchImage({ tag: STAND_IN_IMAGE, files, config }));
}
