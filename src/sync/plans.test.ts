import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '#api';
import { type Decision, type DecisionSnapshot, decide, pruneDigest } from './decide.plan.ts';
import { HOOK_MARK, judgePlace } from './hooks.plan.ts';
import { mergePatch } from './merge-patch.plan.ts';
import { imagesOf, occupiedPlaces } from './objects.plan.ts';
import { compareOrder, comparePruneOrder, kindRank, orderKeys, waveOf } from './order.plan.ts';
import { type ClaimQuestion, decideClaim, pruneGate } from './ownership.plan.ts';
import { type HookProgress, nextStep, type ObjectHealth, type ProgressSnapshot } from './progress.plan.ts';
import { chunkRenderedSet, splitLines } from './rendered-sets.plan.ts';
import type { SyncPlan, SyncStep } from './sync.types.ts';

const step = (name: string, more: Partial<SyncStep> = {}): SyncStep => ({
  action: 'create',
  id: name,
  key: { group: '', kind: 'ConfigMap', namespace: 'default', name },
  origin: { path: 'a.yaml', line: 1 },
  order: { wave: 0, rank: 9, id: name },
  reason: '',
  fields: [],
  removals: [],
  first: false,
  ...more,
});
const prune = (name: string, more: Partial<SyncStep> = {}) => step(name, { action: 'prune', ...more });
const plan = (steps: readonly SyncStep[], more: Partial<SyncPlan> = {}): SyncPlan => ({
  steps,
  refused: [],
  kept: [],
  deleting: [],
  released: [],
  taken: [],
  undecided: [],
  verdict: { blocked: false, reasons: [], weight: 0, limit: 10 },
  ...more,
});
const BLOCKED = { blocked: true, reasons: ['too many'], weight: 11, limit: 10 };
const refusal = (id: string) => ({ id, key: step(id).key, origin: step(id).origin, message: 'no' });

describe('src/sync/order.plan.ts', () => {
  const object = (
    kind: string,
    name: string,
    wave?: string,
    namespace?: string,
  ): { id: string; object: KubeObject } => ({
    id: `${kind}/${name}`,
    object: {
      apiVersion: 'v1',
      kind,
      metadata: {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(wave === undefined ? {} : { annotations: { 'argocd.argoproj.io/sync-wave': wave } }),
      },
    },
  });

  it.each([
    [undefined, 0],
    ['5', 5],
    ['-3', -3],
    [' 2 ', 2],
    ['1.5', 0],
    ['99999999999', 0],
    ['x', 0],
  ])('reads wave %s as %d', (text, wave) => {
    expect(waveOf(object('ConfigMap', 'a', text).object)).toBe(wave);
  });

  it("takes the weight of a hook of Helm's where there is no wave", () => {
    const weighed = (annotations: Record<string, string>): KubeObject => ({
      ...object('ConfigMap', 'a').object,
      metadata: { name: 'a', annotations },
    });
    expect(waveOf(weighed({ 'helm.sh/hook-weight': '-5' }))).toBe(-5);
    expect(waveOf(weighed({ 'helm.sh/hook-weight': '-5', 'argocd.argoproj.io/sync-wave': '2' }))).toBe(2);
  });

  it('puts a Namespace before everything that lives in it', () => {
    const keys = orderKeys([
      object('Namespace', 'n'),
      object('ConfigMap', 'a', '-5', 'n'),
      object('Secret', 's', '-7', 'other'),
    ]);
    expect(keys.get('Namespace/n')?.wave).toBe(-5);
    expect(['Namespace', 'ConfigMap', 'Service', 'Deployment', 'Whatever', 'Application'].map(kindRank)).toEqual(
      ['Namespace', 'ConfigMap', 'Service', 'Deployment', 'Whatever', 'Application']
        .map(kindRank)
        .toSorted((a, b) => a - b),
    );
  });

  it('is a total order, and the order of deletion is its reverse', () => {
    const anyKey = fc.record({
      wave: fc.integer({ min: -2, max: 2 }),
      rank: fc.nat(3),
      id: fc.constantFrom('a', 'b', 'c'),
    });
    fc.assert(
      fc.property(anyKey, anyKey, anyKey, (a, b, c) => {
        expect(Math.sign(compareOrder(a, b))).toBe(-Math.sign(compareOrder(b, a)) || 0);
        if (compareOrder(a, b) <= 0 && compareOrder(b, c) <= 0) expect(compareOrder(a, c)).toBeLessThanOrEqual(0);
        expect(compareOrder(a, b) === 0).toBe(a.wave === b.wave && a.rank === b.rank && a.id === b.id);
        expect(Math.sign(comparePruneOrder(a, b))).toBe(Math.sign(compareOrder(b, a)));
      }),
    );
  });
});

describe('src/sync/ownership.plan.ts', () => {
  const claim = (application: string) => ({ application, origin: { path: 'x.yaml', line: 2 } });
  const ask = (more: Partial<ClaimQuestion>) =>
    decideClaim({
      application: 'me',
      owner: undefined,
      others: [],
      ownerState: 'loaded',
      isDoomed: () => false,
      ...more,
    }).type;

  it.each<[string, Partial<ClaimQuestion>, string]>([
    ['nobody owns or wants it', {}, 'own'],
    ['it is ours, whoever else wants it', { owner: 'me', others: [claim('you')] }, 'own'],
    ['nobody owns it and another wants it too', { others: [claim('you')] }, 'conflict'],
    ['nobody owns it and the other is to go', { others: [claim('you')], isDoomed: () => true }, 'own'],
    ['its owner still names it', { owner: 'you', others: [claim('you')] }, 'conflict'],
    ['its owner has let go of it', { owner: 'you' }, 'take'],
    ['its owner has let go, and a third wants it too', { owner: 'you', others: [claim('third')] }, 'conflict'],
    ['its owner could not be read', { owner: 'you', ownerState: 'unknown' }, 'wait'],
    [
      'its owner is to go',
      { owner: 'you', others: [claim('you')], ownerState: 'doomed', isDoomed: (one) => one === 'you' },
      'take',
    ],
  ])('%s', (_name, more, expected) => {
    expect(ask(more)).toBe(expected);
  });

  const gate = { nowMs: 1_000, droppedAtMs: 900, pollMs: 500, unread: [], repositories: [] };
  it.each([
    ['nobody else could take it', gate, true],
    ['an Application has not been read', { ...gate, unread: ['a'] }, false],
    ['another repository was fetched before', { ...gate, repositories: [{ url: 'u', fetchedAtMs: 800 }] }, false],
    ['another repository was never fetched', { ...gate, repositories: [{ url: 'u', fetchedAtMs: undefined }] }, false],
    ['another repository was fetched since', { ...gate, repositories: [{ url: 'u', fetchedAtMs: 950 }] }, true],
    ['one poll has passed', { ...gate, nowMs: 1_400, unread: ['a'] }, true],
  ])('a deletion may begin when %s: %#', (_name, question, open) => {
    expect(pruneGate(question).open).toBe(open);
  });
});

describe('src/sync/decide.plan.ts', () => {
  const given = (more: Partial<DecisionSnapshot>): Decision =>
    decide({
      nowMs: 1_000,
      automated: true,
      selfHeal: true,
      windows: { automatic: true, manual: true },
      digest: 'new',
      syncedDigest: 'old',
      plan: plan([step('a')]),
      current: undefined,
      failedAttempt: undefined,
      retryLimit: undefined,
      hooks: { any: false, owed: false },
      operation: undefined,
      healAtMs: 0,
      suspended: undefined,
      byWebhook: false,
      ...more,
    });
  const running = { name: 'r', phase: 'Running' as const, digest: 'new', pruneDigest: '', approved: undefined };
  const failed = {
    digest: 'new',
    run: 'r',
    attempts: 3,
    retryAtMs: 2_000,
    failedIds: new Set(['a']),
    refusedIds: new Set<string>(),
  };
  const blockedPlan = plan([prune('a')], { verdict: BLOCKED });
  const waiting = { ...running, phase: 'PruneBlocked' as const, pruneDigest: pruneDigest(blockedPlan) };

  const closed = { automatic: false, manual: false, reason: 'later', changesAtMs: 9_000 };
  it.each<[string, Partial<DecisionSnapshot>, Partial<Decision>]>([
    ['a new commit is synced', {}, { type: 'start', trigger: 'commit', by: 'git' }],
    ['also when a webhook told of it', { byWebhook: true }, { type: 'start', trigger: 'webhook' }],
    ['nothing to do is in sync', { plan: plan([]) }, { type: 'rest', inSync: true }],
    ['manual mode waits', { automated: false }, { type: 'rest', inSync: false }],
    ['for a person', { automated: false, operation: { by: 'ada' } }, { type: 'start', trigger: 'manual', by: 'ada' }],
    ['drift is healed', { syncedDigest: 'new' }, { type: 'start', trigger: 'self-heal' }],
    ['unless that is off', { syncedDigest: 'new', selfHeal: false }, { type: 'rest', inSync: false }],
    ['or too soon', { syncedDigest: 'new', healAtMs: 3_000 }, { type: 'rest', wakeAtMs: 3_000 }],
    ['too much to delete is blocked', { plan: blockedPlan }, { type: 'block' }],
    ['for a person too', { plan: blockedPlan, operation: { by: 'ada' } }, { type: 'block', trigger: 'manual' }],
    [
      'what may be a move is waited for',
      { plan: plan([prune('a', { gate: 'held' })], { verdict: BLOCKED }) },
      { type: 'rest' },
    ],
    ['a closed window waits', { windows: closed }, { type: 'rest', inSync: false, waiting: 'later', wakeAtMs: 9_000 }],
    ['for people too', { windows: closed, operation: { by: 'ada' } }, { type: 'rest', waiting: 'later' }],
    [
      'unless it lets them',
      { windows: { ...closed, manual: true }, operation: { by: 'ada' } },
      { type: 'start', trigger: 'manual' },
    ],
    ['a run that has begun is not stopped by a window', { windows: closed, current: running }, { type: 'continue' }],
    [
      'nor tried again in it',
      { windows: closed, failedAttempt: failed, nowMs: 2_000 },
      { type: 'rest', waiting: 'later' },
    ],
    ['what is in sync waits for no window', { windows: closed, plan: plan([]) }, { type: 'rest', inSync: true }],
    ['a suspended one waits', { suspended: 'held' }, { type: 'rest', inSync: false, waiting: 'held' }],
    [
      'for people too, who are told',
      { suspended: 'held', operation: { by: 'ada' } },
      { type: 'rest', waiting: 'held' },
    ],
    ['heals nothing', { suspended: 'held', syncedDigest: 'new' }, { type: 'rest', waiting: 'held' }],
    [
      'tries nothing again',
      { suspended: 'held', failedAttempt: failed, nowMs: 2_000 },
      { type: 'rest', waiting: 'held' },
    ],
    ['does not even record what it would delete', { suspended: 'held', plan: blockedPlan }, { type: 'rest' }],
    ['lets a run that has begun go on', { suspended: 'held', current: running }, { type: 'continue' }],
    [
      'but none that was approved meanwhile',
      { suspended: 'held', plan: blockedPlan, current: { ...waiting, approved: waiting.pruneDigest } },
      { type: 'await-approval' },
    ],
    ['and has nothing to wait for in sync', { suspended: 'held', plan: plan([]) }, { type: 'rest', inSync: true }],
    ['a blocked run waits', { plan: blockedPlan, current: waiting }, { type: 'await-approval' }],
    [
      'until it is approved',
      { plan: blockedPlan, current: { ...waiting, approved: waiting.pruneDigest } },
      { type: 'approve' },
    ],
    [
      'and in its window',
      { plan: blockedPlan, current: { ...waiting, approved: waiting.pruneDigest }, windows: closed },
      { type: 'await-approval', wakeAtMs: 9_000 },
    ],
    [
      'or in one that lets people',
      {
        plan: blockedPlan,
        current: { ...waiting, approved: waiting.pruneDigest },
        windows: { ...closed, manual: true },
      },
      { type: 'approve' },
    ],
    [
      'and not for other deletions',
      { plan: plan([prune('b')], { verdict: BLOCKED }), current: { ...waiting, approved: waiting.pruneDigest } },
      { type: 'supersede' },
    ],
    ['a run goes on', { current: running }, { type: 'continue' }],
    ['and gives way to a newer commit', { current: { ...running, digest: 'older' } }, { type: 'supersede' }],
    ['what failed is tried again later', { failedAttempt: failed }, { type: 'rest', wakeAtMs: 2_000 }],
    ['and then', { failedAttempt: failed, nowMs: 2_000 }, { type: 'retry', run: 'r' }],
    ['as often as it may', { failedAttempt: failed, nowMs: 2_000, retryLimit: 3 }, { type: 'retry' }],
    ['and then no more', { failedAttempt: failed, nowMs: 2_000, retryLimit: 2 }, { type: 'rest', inSync: false }],
    [
      'unless a person asks',
      { failedAttempt: failed, nowMs: 2_000, retryLimit: 2, operation: { by: 'ada' } },
      { type: 'start', trigger: 'manual' },
    ],
    [
      'but not when the commit changed',
      { failedAttempt: { ...failed, digest: 'older' } },
      { type: 'start', trigger: 'commit' },
    ],
    [
      'new drift does not wait for it',
      { failedAttempt: failed, syncedDigest: 'new', plan: plan([step('b')]) },
      { type: 'start', trigger: 'self-heal' },
    ],
    [
      'trouble alone makes a run, so that it is told',
      { plan: plan([], { refused: [refusal('a')] }) },
      { type: 'start' },
    ],
    ['hooks alone make no run', { plan: plan([]), hooks: { any: true, owed: false } }, { type: 'rest', inSync: true }],
    [
      'but when a person asks',
      { plan: plan([]), hooks: { any: true, owed: false }, operation: { by: 'ada' } },
      { type: 'start', trigger: 'manual' },
    ],
    [
      'or when the last run still owes them',
      { plan: plan([]), hooks: { any: true, owed: true }, syncedDigest: 'new', selfHeal: false },
      { type: 'start', trigger: 'commit' },
    ],
    [
      'at the next try of that run',
      { plan: plan([]), hooks: { any: true, owed: true }, syncedDigest: 'new', failedAttempt: failed },
      { type: 'rest', inSync: false, wakeAtMs: 2_000 },
    ],
  ])('%s', (_name, more, expected) => {
    expect(given(more)).toMatchObject(expected);
  });
});

describe('src/sync/progress.plan.ts', () => {
  const health = (id: string, status: ObjectHealth['status'], wave = 0): ObjectHealth => ({
    id,
    order: { wave, rank: 9, id },
    status,
    message: '',
  });
  const given = (more: Partial<ProgressSnapshot>) =>
    nextStep({
      plan: plan([]),
      hooks: [],
      hookNeeds: new Set(),
      failing: undefined,
      health: [],
      changed: new Set(),
      unproven: new Set(),
      failed: new Map(),
      fenced: true,
      approved: false,
      ...more,
    });
  const late = step('late', { order: { wave: 1, rank: 9, id: 'late' } });
  const hook = (id: string, phase: HookProgress['phase'], state: HookProgress['state'] = 'Pending', wave = 0) =>
    ({ id, phase, state, order: { wave, rank: 9, id }, message: '', deadlineMs: 9_000 }) satisfies HookProgress;

  it.each<[string, Partial<ProgressSnapshot>, object]>([
    ['the first wave first', { plan: plan([step('a'), late]) }, { type: 'apply', steps: [{ id: 'a' }] }],
    [
      'the next waits for health',
      { plan: plan([late]), health: [health('a', 'Progressing')] },
      { type: 'wait', object: 'a' },
    ],
    [
      'and comes then',
      { plan: plan([late]), health: [health('a', 'Healthy')] },
      { type: 'apply', steps: [{ id: 'late' }] },
    ],
    [
      'a heal waits for nothing',
      { plan: plan([late]), health: [health('a', 'Degraded')], fenced: false },
      { type: 'apply' },
    ],
    [
      'what was refused holds later waves back',
      { plan: plan([late], { refused: [refusal('a')] }), health: [health('a', 'Missing')] },
      { type: 'done', failed: true },
    ],
    ['and nothing of its own wave', { plan: plan([step('b')], { refused: [refusal('a')] }) }, { type: 'apply' }],
    [
      'deletions wait for what was changed',
      { plan: plan([prune('p')]), health: [health('a', 'Progressing')], changed: new Set(['a']) },
      { type: 'wait' },
    ],
    [
      'and for what an earlier run changed and left unhealthy',
      { plan: plan([prune('p')]), health: [health('a', 'Degraded')], unproven: new Set(['a']) },
      { type: 'wait' },
    ],
    ['and for nothing else', { plan: plan([prune('p')]), health: [health('a', 'Degraded')] }, { type: 'prune' }],
    [
      'nothing is deleted after a failure',
      { plan: plan([prune('p')]), failed: new Map([['a', 'no']]) },
      { type: 'done', failed: true },
    ],
    ['too much is not deleted unasked', { plan: plan([prune('p')], { verdict: BLOCKED }) }, { type: 'block' }],
    ['but approved', { plan: plan([prune('p')], { verdict: BLOCKED }), approved: true }, { type: 'prune' }],
    ['a gate is waited for', { plan: plan([prune('p', { gate: 'held' })]) }, { type: 'wait', reason: 'held' }],
    [
      'what makes room goes first',
      { plan: plan([prune('p', { first: true }), step('a')]) },
      { type: 'prune', steps: [{ id: 'p' }] },
    ],
    [
      'but not unasked',
      { plan: plan([prune('p', { first: true }), step('a')], { verdict: BLOCKED }) },
      { type: 'block' },
    ],
    ['deletion is waited for', { plan: plan([], { deleting: ['p'] }) }, { type: 'wait', object: 'p' }],
    [
      'hooks before the sync come before all else, those of one wave together',
      {
        plan: plan([step('a')]),
        hooks: [
          hook('h', 'PreSync', 'Pending', 1),
          hook('g', 'PreSync'),
          hook('f', 'PreSync'),
          hook('s', 'Sync', 'Pending', -1),
        ],
      },
      { type: 'hooks', hooks: [{ id: 'g' }, { id: 'f' }] },
    ],
    [
      'but for what they cannot do without',
      { plan: plan([step('a'), step('ns')]), hooks: [hook('h', 'PreSync')], hookNeeds: new Set(['ns']) },
      { type: 'apply', steps: [{ id: 'ns' }] },
    ],
    [
      'one is waited for, until its own deadline',
      { plan: plan([step('a')]), hooks: [hook('g', 'PreSync', 'Running'), hook('h', 'PreSync', 'Pending', 1)] },
      { type: 'wait', object: 'g', reason: 'PreSync hook has not finished', deadlineMs: 9_000 },
    ],
    [
      'the sync begins when they have ended',
      { plan: plan([step('a')]), hooks: [hook('h', 'PreSync', 'Succeeded')] },
      { type: 'apply' },
    ],
    [
      'a wave is applied before its hooks',
      { plan: plan([step('a'), late]), hooks: [hook('s', 'Sync')] },
      { type: 'apply', steps: [{ id: 'a' }] },
    ],
    [
      'which do not wait for its health',
      { plan: plan([late]), hooks: [hook('s', 'Sync')], health: [health('a', 'Progressing')] },
      { type: 'hooks', hooks: [{ id: 's' }] },
    ],
    [
      'and hold back later waves',
      { plan: plan([late]), hooks: [hook('s', 'Sync', 'Running')] },
      { type: 'wait', object: 's' },
    ],
    [
      'and do not run when something of their wave failed',
      { plan: plan([late]), hooks: [hook('s', 'Sync')], failed: new Map([['a', 'no']]) },
      { type: 'done', failed: true, message: 'a: no' },
    ],
    [
      'hooks after the sync wait for deletions',
      { plan: plan([prune('p')]), hooks: [hook('t', 'PostSync')] },
      { type: 'prune' },
    ],
    [
      'and for the health of all, changed or not',
      { hooks: [hook('t', 'PostSync')], health: [health('a', 'Degraded')] },
      { type: 'wait', object: 'a' },
    ],
    ['and come then', { hooks: [hook('t', 'PostSync')], health: [health('a', 'Healthy')] }, { type: 'hooks' }],
    [
      'but not after a failure',
      { hooks: [hook('t', 'PostSync')], failed: new Map([['a', 'no']]) },
      { type: 'done', failed: true },
    ],
    [
      'a hook that failed ends the run',
      { plan: plan([step('a')]), hooks: [hook('h', 'PreSync', 'Failed'), hook('x', 'SyncFail')] },
      { type: 'done', failed: true, message: 'PreSync hook h failed' },
    ],
    [
      'when those beside it have ended',
      { plan: plan([step('a')]), hooks: [hook('h', 'PreSync', 'Failed'), hook('g', 'PreSync', 'Running')] },
      { type: 'wait', object: 'g' },
    ],
    [
      'hooks for failure run when it fails',
      { failing: 'no', plan: plan([step('a')]), hooks: [hook('x', 'SyncFail')] },
      { type: 'hooks', hooks: [{ id: 'x' }] },
    ],
    [
      'once',
      { failing: 'no', hooks: [hook('x', 'SyncFail', 'Succeeded')] },
      { type: 'done', failed: true, message: 'no' },
    ],
    [
      'after what still runs',
      { failing: 'no', hooks: [hook('s', 'Sync', 'Running'), hook('x', 'SyncFail')] },
      { type: 'wait', object: 's' },
    ],
    ['and never when it succeeds', { hooks: [hook('x', 'SyncFail')] }, { type: 'done', failed: false }],
    ['the end', { health: [health('a', 'Healthy')], changed: new Set(['a']) }, { type: 'done', failed: false }],
  ])('%s', (_name, more, expected) => {
    expect(given(more)).toMatchObject(expected);
  });
});

describe('src/sync/rendered-sets.plan.ts', () => {
  const items = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      id: `ConfigMap/default/m${String(index).padStart(5, '0')}`,
      digest: 'd',
    }));

  it('keeps every object, and changes few chunks when one object changes', () => {
    const before = items(2_000);
    const after = before.map((item, index) => (index === 777 ? { ...item, digest: 'other' } : item));
    const chunks = chunkRenderedSet(before);
    expect(chunks.flatMap((chunk) => chunk.items)).toEqual(before);
    const names = new Set(chunks.map(({ name }) => name));
    expect(chunkRenderedSet(after).filter(({ name }) => !names.has(name))).toHaveLength(1);
    const inserted = [...before.slice(0, 500), { id: 'ConfigMap/default/m00499x', digest: 'd' }, ...before.slice(500)];
    expect(chunkRenderedSet(inserted).filter(({ name }) => !names.has(name)).length).toBeLessThanOrEqual(2);
  });

  it('splits lines below the limit and loses none', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, maxLength: 40 }).filter((line) => !line.includes('\n'))),
        fc.integer({ min: 50, max: 200 }),
        (lines, limit) => {
          const parts = splitLines(lines, limit);
          expect(parts.flatMap((part) => part.split('\n'))).toEqual(lines);
          for (const part of parts) if (part.includes('\n')) expect(Buffer.byteLength(part)).toBeLessThanOrEqual(limit);
        },
      ),
    );
  });
});

describe('src/sync/merge-patch.plan.ts', () => {
  const apply = (target: unknown, patch: unknown): unknown => {
    if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
    const result: Record<string, unknown> =
      typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
    for (const [name, inner] of Object.entries(patch)) {
      if (inner === null) delete result[name];
      else result[name] = apply(result[name], inner);
    }
    return result;
  };
  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      fc.integer(),
      fc.string(),
      fc.array(fc.integer(), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('node'), { maxKeys: 3 }),
    ),
  })).node;
  const record = fc.dictionary(fc.constantFrom('a', 'b', 'c'), value, { maxKeys: 3 });

  it('turns one object into the other, and is nothing when they are equal', () => {
    fc.assert(
      fc.property(record, record, (before, after) => {
        const patch = mergePatch(before, after);
        expect(patch === undefined ? before : apply(before, patch)).toEqual(after);
        expect(mergePatch(after, structuredClone(after))).toBeUndefined();
      }),
    );
  });
});

describe('src/sync/objects.plan.ts', () => {
  it('knows the ports that only one can hold, and the images', () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {},
      spec: { ports: [{ nodePort: 30_080 }, { nodePort: 30_053, protocol: 'UDP' }, { port: 1 }] },
    };
    expect(occupiedPlaces(service)).toEqual(['nodePort/TCP/30080', 'nodePort/UDP/30053']);
    const spec = {
      initContainers: [{ image: 'i' }],
      containers: [{ image: 'c', ports: [{ hostPort: 443 }, { containerPort: 80 }] }],
    };
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: {}, spec: { template: { spec } } };
    expect(occupiedPlaces(deployment)).toEqual(['hostPort/TCP//443']);
    expect(imagesOf(deployment)).toEqual(['i', 'c']);
  });
});

describe('src/sync/hooks.plan.ts', () => {
  const occasion = { application: 'argocd/web', run: 'r', commit: 'c', attempt: 1, startedAtMs: 0 };
  const place = (kind: string, annotations: Record<string, string> = {}) => {
    const key = { group: '', kind, namespace: 'default', name: 'data' };
    const live = {
      apiVersion: 'v1',
      kind,
      metadata: {
        name: 'data',
        namespace: 'default',
        uid: 'u',
        resourceVersion: '1',
        creationTimestamp: '',
        annotations,
      },
    };
    const run = { ...key, phase: 'PreSync', wave: 0, state: 'Pending' } as const;
    return judgePlace(live, run, occasion, { owner: 'argocd/web', isMade: true }).type;
  };

  it('never takes away what may hold data to make a hook in its place, unless a hook made it', () => {
    expect(place('ConfigMap')).toBe('leftover');
    expect(place('PersistentVolumeClaim')).toBe('taken');
    expect(place('PersistentVolumeClaim', { [HOOK_MARK]: 'argocd/web/earlier/1/PreSync' })).toBe('leftover');
  });
});
