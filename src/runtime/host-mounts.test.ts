import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { until } from '../../test/support/until.ts';
import { nfsMount } from './host-mounts.ts';

describe('src/runtime/host-mounts.ts, a server that does not answer', () => {
  it('is given up in time, and nothing is left that could still mount it', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'plumb-nfs-'));
    const environment = process.env['PATH'];
    try {
      // As mount(8) does: a helper does the work.
      await writeFile(path.join(directory, 'mount'), `#!/bin/sh\nsleep 1000 &\necho $! > ${directory}/helper\nwait\n`);
      await chmod(path.join(directory, 'mount'), 0o755);
      process.env['PATH'] = `${directory}:${environment}`;
      const share = { server: 'nas', path: '/export', options: [] };
      const mounting = nfsMount('/nowhere', share, 2_000);
      mounting.catch(() => undefined);
      const helper = await until('the helper runs', async () => {
        const text = existsSync(path.join(directory, 'helper'))
          ? await readFile(path.join(directory, 'helper'), 'utf8')
          : '';
        return text.trim() || undefined;
      });
      await expect(mounting).rejects.toThrow('mount had no answer within 2 seconds');
      expect(existsSync(`/proc/${helper}/cwd`)).toBe(false);
    } finally {
      process.env['PATH'] = environment;
      await rm(directory, { recursive: true });
    }
  });
});
