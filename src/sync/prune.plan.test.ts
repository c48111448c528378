import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObjectKey } from '#api';
import { judgePrune, PRUNE_COUNT, type PruneCandidate, type PruneQuestion } from './prune.plan.ts';

const object = (name: string, kind = 'ConfigMap', group = ''): ObjectKey => ({
  group,
  kind,
  namespace: 'default',
  name,
});
const candidate = (name: string, more: Partial<PruneCandidate> = {}): PruneCandidate => ({
  id: `ConfigMap/default/${name}`,
  key: object(name),
  cascade: [],
  confirm: false,
  ...more,
});
const many = (count: number) => Array.from({ length: count }, (_, index) => candidate(`m${index}`));
const question = (more: Partial<PruneQuestion>): PruneQuestion => ({
  candidates: [],
  staying: [object('stays')],
  ownedCount: 20,
  allowEmpty: false,
  unrelatedHistory: false,
  pathMissing: false,
  applicationDeleted: false,
  ...more,
});

describe('src/sync/prune.plan.ts', () => {
  it.each<[string, Partial<PruneQuestion>, string | undefined]>([
    ['nothing to delete is never blocked', { unrelatedHistory: true, pathMissing: true }, undefined],
    ['ten of twenty may go', { candidates: many(10) }, undefined],
    ['eleven of twenty may not', { candidates: many(11) }, '11 objects would be deleted, more than 10 of 20'],
    ['a fifth of a hundred may go', { candidates: many(20), ownedCount: 100 }, undefined],
    [
      'more than a fifth may not',
      { candidates: many(21), ownedCount: 100 },
      '21 objects would be deleted, more than 20 of 100',
    ],
    ['the last object may not go', { candidates: many(1), staying: [], ownedCount: 1 }, 'left without any object'],
    ['unless that is allowed', { candidates: many(1), staying: [], ownedCount: 1, allowEmpty: true }, undefined],
    [
      'or the Application was deleted',
      { candidates: many(1), staying: [], ownedCount: 1, applicationDeleted: true },
      undefined,
    ],
    [
      'a Namespace never goes unasked',
      { candidates: [candidate('n', { id: 'Namespace/n', key: object('n', 'Namespace') })] },
      'Namespace/n',
    ],
    [
      'nor within a cascade',
      { candidates: [candidate('app', { cascade: ['PersistentVolumeClaim/default/data'] })] },
      'PersistentVolumeClaim/default/data',
    ],
    ['nor what asks for confirmation', { candidates: [candidate('c', { confirm: true })] }, 'ask for confirmation'],
    ['nor after a force-push to another history', { candidates: many(1), unrelatedHistory: true }, 'unrelated history'],
    [
      'nor when the folder is gone, empty allowed or not',
      { candidates: many(1), pathMissing: true, allowEmpty: true },
      'folder is not in the commit',
    ],
    [
      'cascades count',
      { candidates: [candidate('app', { cascade: many(10).map(({ id }) => id) })] },
      '11 objects would be deleted',
    ],
  ])('%s', (_name, more, reason) => {
    const { blocked, reasons } = judgePrune(question(more));
    expect(blocked).toBe(reason !== undefined);
    expect(reasons.join('; ')).toContain(reason ?? '');
  });

  it('does not count older generations of a generated name', () => {
    const old = Array.from({ length: 15 }, (_, index) =>
      candidate(`settings${index}-7g2k9m5bct`, { key: object(`settings${index}-7g2k9m5bct`) }),
    );
    const staying = old.map((_, index) => object(`settings${index}-bcdf245678`));
    expect(judgePrune(question({ candidates: old, staying })).blocked).toBe(false);
    expect(judgePrune(question({ candidates: old, staying: [object('stays')] })).blocked).toBe(true);
    // Of another kind that is no generation of it.
    const services = old.map((_, index) => object(`settings${index}-bcdf245678`, 'Service'));
    expect(judgePrune(question({ candidates: old, staying: services })).blocked).toBe(true);
  });

  it('lets no more go unasked than the larger of ten and a fifth', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (going, staying) => {
        const ownedCount = going + staying;
        const { blocked } = judgePrune(question({ candidates: many(going), staying: [object('stays')], ownedCount }));
        if (!blocked) expect(going).toBeLessThanOrEqual(Math.max(PRUNE_COUNT, ownedCount * 0.2));
      }),
    );
  });
});
