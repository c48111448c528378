import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '#api';
import {
  cascadeOption,
  type DeleteOption,
  ignoresExtraneous,
  optionsOf,
  readApplicationOptions,
  type SyncOptionSet,
  unknownObjectOptions,
} from './sync-options.plan.ts';

const object = (annotations: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', annotations },
});
const sync = (options: string) => object({ 'argocd.argoproj.io/sync-options': options });

describe('src/sync/sync-options.plan.ts', () => {
  it.each<[string, readonly string[], SyncOptionSet, readonly string[]]>([
    ['nothing', [], {}, []],
    ['what is done anyway', ['ServerSideApply=true', 'ApplyOutOfSyncOnly=true', 'PruneLast=true'], {}, []],
    ['how to write', ['Replace=true', ' Force=true '], { replace: true, force: true }, []],
    ['the last of two', ['Prune=false', 'Prune=confirm'], { prune: 'confirm' }, []],
    [
      'how to delete',
      ['PrunePropagationPolicy=orphan', 'Delete=false'],
      { propagation: 'Orphan', delete: 'never' },
      [],
    ],
    ['what does not exist', ['Replace=yes', 'Validate=false'], {}, ['Replace=yes', 'Validate=false']],
  ])('reads %s', (_what, written, options, unknown) => {
    expect(readApplicationOptions(written)).toEqual({ options, unknown });
  });

  it('lets an object say otherwise than its Application, and keep the rest', () => {
    const application: SyncOptionSet = { replace: true, prune: 'never' };
    expect(optionsOf(application, sync('Replace=false, Force=true'))).toEqual({
      replace: false,
      prune: 'never',
      force: true,
    });
    expect(optionsOf(application, undefined)).toBe(application);
  });

  it('names what an object asks for in vain, options of Applications included', () => {
    expect(unknownObjectOptions(sync('Prune=false,Nothing=true, CreateNamespace=true'))).toEqual([
      'argocd.argoproj.io/sync-options: Nothing=true',
      'argocd.argoproj.io/sync-options: CreateNamespace=true',
    ]);
    const compared = object({ 'argocd.argoproj.io/compare-options': 'IgnoreExtraneous, ServerSideDiff=true' });
    expect(unknownObjectOptions(compared)).toEqual(['argocd.argoproj.io/compare-options: ServerSideDiff=true']);
    expect(ignoresExtraneous(compared)).toBe(true);
    expect(ignoresExtraneous(object({}))).toBe(false);
  });

  it('never lets go with its Application what may not be deleted in either way', () => {
    const option = fc.constantFrom<DeleteOption>('free', 'confirm', 'never');
    fc.assert(
      fc.property(option, option, (prune, own) => {
        const words = [prune, own];
        const expected = words.includes('never') ? 'never' : words.includes('confirm') ? 'confirm' : 'free';
        expect(cascadeOption({ prune, delete: own })).toBe(expected);
      }),
    );
    expect(cascadeOption({})).toBe('free');
  });
});
