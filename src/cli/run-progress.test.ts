import { describe, expect, it } from 'vitest';
import type { HookRun, SyncResult, SyncRunStatus } from '#api';
import { progressLines } from './run-progress.ts';

const result = (name: string, more: Partial<SyncResult> = {}): SyncResult => ({
  group: '',
  kind: 'ConfigMap',
  namespace: 'demo',
  name,
  action: 'created',
  wave: 0,
  ...more,
});
const hook = (state: HookRun['state'], more: Partial<HookRun> = {}): HookRun => ({
  group: 'batch',
  kind: 'Job',
  namespace: 'demo',
  name: 'migrate',
  phase: 'PreSync',
  wave: 0,
  state,
  ...more,
});
const waiting = { object: 'apps/Deployment/demo/web', reason: '1 of 3 is ready', deadline: '2026-01-01T00:00:00Z' };
const run = (more: Partial<SyncRunStatus> = {}): SyncRunStatus => ({ phase: 'Running', ...more });

describe('src/cli/run-progress.ts', () => {
  it.each<[string, SyncRunStatus | undefined, SyncRunStatus, readonly string[]]>([
    ['nothing is new', run({ results: [result('a')] }), run({ results: [result('a')] }), []],
    ['what is as it was is not told', undefined, run({ results: [result('a', { action: 'unchanged' })] }), []],
    [
      'objects come by wave, hooks before or after them',
      undefined,
      run({
        hooks: [
          hook('Succeeded', { phase: 'PostSync', name: 'tell' }),
          hook('Succeeded'),
          hook('Pending', { name: 'later' }),
        ],
        results: [result('b', { wave: 2 }), result('a', { wave: 1, origin: { path: 'a.yaml', line: 3 } })],
      }),
      [
        '  PreSync hook, wave 0: Succeeded Job demo/migrate',
        '  wave 1: created ConfigMap demo/a (a.yaml:3)',
        '  wave 2: created ConfigMap demo/b',
        '  PostSync hook, wave 0: Succeeded Job demo/tell',
      ],
    ],
    [
      'a hook is told of again when it ends',
      run({ hooks: [hook('Running')] }),
      run({ hooks: [hook('Failed', { message: 'exit code 3' })] }),
      ['  PreSync hook, wave 0: Failed Job demo/migrate: exit code 3'],
    ],
    [
      'what is waited for is named, with its deadline',
      run(),
      run({ waiting }),
      ['  waits for apps/Deployment/demo/web: 1 of 3 is ready (until 2026-01-01T00:00:00Z)'],
    ],
    ['and once', run({ waiting }), run({ waiting: { ...waiting, deadline: '2026-01-01T00:01:00Z' } }), []],
    [
      'a new attempt begins anew',
      run({ results: [result('a', { action: 'failed' })] }),
      run({ attempt: 2, results: [result('a', { action: 'failed', message: 'no \u001b[1m' })] }),
      ['  attempt 2', '  wave 0: Failed ConfigMap demo/a: no \\u001b[1m'],
    ],
  ])('%s', (_name, before, now, lines) => {
    expect(progressLines(before, now)).toEqual(lines);
  });
});
