import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog, systemClock } from '#base';
import { dockerForTests } from '../../../test/support/images.ts';
import { createDockerRuntime } from './docker-runtime.ts';

const docker = await dockerForTests(`test/${randomUUID()}`);
const INDEX = 'application/vnd.docker.distribution.manifest.list.v2+json';

/** A list of images for machines of one kind, of which there is none here. */
const foreign = JSON.stringify({
  schemaVersion: 2,
  mediaType: INDEX,
  manifests: [
    {
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      size: 2,
      digest: `sha256:${'0'.repeat(64)}`,
      platform: { architecture: 's390x', os: 'linux' },
    },
  ],
});

describe.skipIf(!docker.ok)(
  `pulls from a registry in trouble${docker.ok ? '' : ` (skipped: ${docker.reason})`}`,
  () => {
    let server: Server;
    let registry: string;
    const runtime = createDockerRuntime({
      owner: `test/${randomUUID()}`,
      clock: systemClock,
      log: silentLog,
      pullStallMs: 1_500,
      dockerConfigDir: '/no/such/folder',
    });
    beforeAll(async () => {
      server = createServer((request, response) => {
        const url = request.url ?? '';
        if (url === '/v2/') return void response.end('{}');
        if (url.includes('/slow/')) return; // It takes the question, and never answers.
        if (url.includes('/foreign/')) return void response.setHeader('content-type', INDEX).end(foreign);
        const [status, code] = url.includes('/busy/') ? [429, 'TOOMANYREQUESTS'] : [500, 'UNKNOWN'];
        response.statusCode = status;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ errors: [{ code, message: `said ${status}` }] }));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      registry = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterAll(() => {
      server.closeAllConnections();
      server.close();
    });

    it.each([
      ['that is asked too often', 'busy', /toomanyrequests|too many requests/i],
      ['that is broken', 'broken', /said 500|unknown|received unexpected HTTP status: 500/i],
      ['that says nothing', 'slow', /given up because of no progress for 1.5 s, latest progress: none/],
      ['that has it for other machines only', 'foreign', /no matching manifest for linux\/\w+/],
    ])('%s: as failed, in words that tell why', async (_, name, words) => {
      const failure = await runtime.pullImage(`${registry}/${name}/app:1`).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'ImagePullFailed', retryable: true });
      expect((failure as Error).message).toMatch(words);
    });
  },
);
