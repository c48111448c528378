import type { KubeObject, Manifest } from '#api';
import { prepareManifests } from '../prepare.ts';
import type { SourceFile } from '../render.ts';
import type { PrepareContext } from '../render.types.ts';
import type { BuiltObject } from './kustomize.types.ts';

/** What was built, ready to be applied, by the files that it comes from. */
export function prepareBuilt(built: readonly BuiltObject[], context: PrepareContext): readonly SourceFile[] {
  const byPath = new Map<string, Manifest[]>();
  for (const { object, origin, lines } of built) {
    const manifest = { object: object as unknown as KubeObject, ...origin, lines };
    const of = byPath.get(origin.path);
    if (of === undefined) byPath.set(origin.path, [manifest]);
    else of.push(manifest);
  }
  return [...byPath].map(([path, objects]) => ({
    path,
    prepared: prepareManifests({ objects, diagnostics: [] }, context),
  }));
}
