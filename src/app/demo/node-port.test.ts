import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../paths.ts';
import { requireFreeNodePort, sampleNodePort } from './node-port.ts';

describe('src/app/demo/node-port.ts', () => {
  let demo: string;
  beforeEach(async () => {
    demo = await mkdtemp(path.join(os.tmpdir(), 'plumbline-node-port-'));
    await mkdir(path.join(demo, 'web'));
  });
  afterEach(() => rm(demo, { recursive: true }));

  it('finds the port of the sample that is delivered', async () => {
    expect(await sampleNodePort(path.join(packageRoot, 'sample-repo'))).toBe(30_080);
  });

  it.each([
    [
      'another port',
      'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80, nodePort: 31000}]}',
      31_000,
    ],
    ['no port', 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}', undefined],
    ['no Service', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}', undefined],
    ['a file that cannot be read', '{', undefined],
  ])('follows a person who left %s', async (_what, text, port) => {
    await writeFile(path.join(demo, 'web/service.yaml'), text);
    expect(await sampleNodePort(demo)).toBe(port);
  });

  it('finds none where the file is gone', async () => {
    expect(await sampleNodePort(demo)).toBeUndefined();
  });

  it.each(['127.0.0.1', '0.0.0.0'])('names a port taken on %s, and both ways out; then lets it pass', async (host) => {
    const holder = createServer();
    const port = await new Promise<number>((resolve) => {
      holder.listen(0, host, () => resolve((holder.address() as { port: number }).port));
    });
    await expect(requireFreeNodePort(port, demo)).rejects.toMatchObject({
      code: 'NodePortTaken',
      message: expect.stringContaining(`port ${port} on 127.0.0.1`),
      hint: expect.stringMatching(new RegExp(`sport = :${port}.*nodePort in ${demo}/web/service.yaml`)),
    });
    await new Promise((resolve) => holder.close(resolve));
    await requireFreeNodePort(port, demo);
  });
});
