import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readNodeSettings } from './node-settings.ts';

describe('src/app/node-settings.ts', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'plumb-settings-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('is as by default without a file, and takes config.yaml in the folder of the agent', async () => {
    expect((await readNodeSettings(dir)).maxPods).toBe(110);
    await writeFile(path.join(dir, 'config.yaml'), 'kind: KubeletConfiguration\nmaxPods: 7\n');
    expect((await readNodeSettings(dir)).maxPods).toBe(7);
  });

  it.each([
    ['that is not there', undefined, 'it is not there'],
    ['that is no YAML', 'a: [', 'line 1, column'],
    ['with a wrong field', 'maxPods: many', 'maxPods: must be a whole number'],
  ])('refuses a named file %s, and says which', async (_, text, problem) => {
    const file = path.join(dir, 'named.yaml');
    if (text !== undefined) await writeFile(file, text);
    const failure = await readNodeSettings(dir, file).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'NodeSettingsInvalid' });
    expect((failure as Error).message).toContain(file);
    expect((failure as Error).message).toContain(problem);
  });
});
