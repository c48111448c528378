import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyServerSide, defaultObject, type KubeObject, RESOURCES, schemaOf } from '#api';
import { equalJson } from '#base';
import { kubeObjectOf } from '../../test/support/any-object.ts';
import { diffObject } from './diff-object.ts';

/** Objects per kind; more by PLUMB_TEST_RUNS=1000. */
const RUNS = Number(process.env['PLUMB_TEST_RUNS'] ?? 40);
describe('src/diff/every-kind.test.ts', () => {
  it.each(RESOURCES.map((resource) => [resource.kind, resource] as const))(
    'applying a %s leaves no difference',
    (_kind, resource) => {
      const schema = schemaOf(resource.group, resource.version, resource.kind);
      if (schema === undefined) throw new Error(`no schema for ${resource.kind}`);
      const apply = (live: KubeObject | undefined, applied: KubeObject, time: string) =>
        defaultObject(
          resource,
          applyServerSide({ schema, live, applied, manager: 'plumbline-sync', force: true, time }).object,
        );
      fc.assert(
        fc.property(kubeObjectOf(resource, schema), kubeObjectOf(resource, schema), (first, second) => {
          const live = apply(undefined, first, 't1');
          expect(diffObject({ schema, desired: first, live }).changes).toEqual([]);
          expect(diffObject({ schema, desired: first, applied: apply(live, first, 't2'), live }).changes).toEqual([]);

          const next = apply(live, second, 't3');
          expect(diffObject({ schema, desired: second, live: next }).changes).toEqual([]);
          // What differs is told, unless only defaults and spellings do.
          const changes = diffObject({ schema, desired: second, applied: next, live }).changes;
          const { metadata: _a, status: _b, operation: _c, ...before } = live;
          const { metadata: _d, status: _e, operation: _f, ...after } = next;
          if (changes.length > 0) expect(equalJson(before, after)).toBe(false);

          // Applying once more changes neither a field nor an owner.
          expect(apply(next, second, 't3')).toEqual(next);
        }),
        { numRuns: RUNS },
      );
    },
  );
});
