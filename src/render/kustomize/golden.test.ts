import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isRecord, type Json, parseYamlValues } from '#api';
import { findKubectl } from '../../../test/support/kubectl.ts';
import { buildKustomization } from './build.ts';

const GOLDEN = path.resolve(import.meta.dirname, '../../../test/golden/kustomize');
const kubectl = findKubectl();

const treeOf = (root: string) => ({
  has: (file: string) => existsSync(path.join(root, file)) && statSync(path.join(root, file)).isFile(),
  isDirectory: (folder: string) =>
    existsSync(path.join(root, folder)) && statSync(path.join(root, folder)).isDirectory(),
  read: (file: string) => readFileSync(path.join(root, file)),
});

/** What kustomize prints, its base64 without the line ends that it puts in. */
function objectsOf(text: string): readonly Json[] {
  const parsed = parseYamlValues(text);
  if ('problem' in parsed) throw new Error(parsed.problem.message);
  return parsed.values.map(({ value }) => {
    if (!isRecord(value)) return value;
    const field = value['kind'] === 'Secret' ? 'data' : 'binaryData';
    const data = value[field];
    if (!isRecord(data)) return value;
    const lines = Object.entries(data).map(([key, one]) => [key, String(one).replaceAll('\n', '')]);
    return { ...value, [field]: Object.fromEntries(lines) } as Json;
  });
}

describe('src/render/kustomize, beside what kustomize printed', () => {
  for (const name of readdirSync(GOLDEN)) {
    it(`builds ${name}`, () => {
      const root = path.join(GOLDEN, name);
      const expected = readFileSync(path.join(root, 'expected.yaml'), 'utf8');
      const built = buildKustomization(treeOf(root), 'top');
      expect(built.type === 'built' ? built.objects.map(({ object }) => object) : built).toEqual(objectsOf(expected));
      if (kubectl === undefined) return;
      const args = ['kustomize', '--load-restrictor', 'LoadRestrictionsNone', path.join(root, 'top')];
      // What is kept here is what kubectl says; made anew by this very command.
      expect(execFileSync(kubectl, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })).toBe(expected);
    });
  }
});
