import type { HookRun, SyncResult, SyncRunStatus } from '#api';
import { paint, plain } from './output.ts';
import { formatOrigin } from './words.ts';

const nameOf = ({ kind, namespace, name }: Pick<SyncResult, 'kind' | 'namespace' | 'name'>) =>
  `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;

const identity = ({ group, kind, namespace, name }: Pick<SyncResult, 'group' | 'kind' | 'namespace' | 'name'>) =>
  [group, kind, namespace, name].join('/');

const resultLine = (result: SyncResult) =>
  `  wave ${result.wave}: ${paint(result.action === 'failed' ? 'Failed' : result.action)} ${nameOf(result)}${formatOrigin(result.origin)}${result.message === undefined ? '' : `: ${plain(result.message)}`}`;

const hookLine = (hook: HookRun) =>
  `  ${hook.phase} hook, wave ${hook.wave}: ${paint(hook.state)} ${nameOf(hook)}${hook.message === undefined ? '' : `: ${plain(hook.message)}`}`;

/**
 * What is new in a run since it was looked at last, a line each, hooks and objects in their waves. What did not change is
 * not told, and nothing twice; a new attempt begins anew.
 */
export function progressLines(before: SyncRunStatus | undefined, now: SyncRunStatus): readonly string[] {
  const attempt = now.attempt ?? 1;
  const isAnew = before !== undefined && (before.attempt ?? 1) !== attempt;
  const told = isAnew ? undefined : before;
  const lines: string[] = isAnew ? [`  attempt ${attempt}`] : [];
  const actions = new Map((told?.results ?? []).map((result) => [identity(result), result.action]));
  const states = new Map((told?.hooks ?? []).map((hook) => [identity(hook), hook.state]));
  const news = [
    ...(now.hooks ?? [])
      .filter((hook) => hook.state !== 'Pending' && states.get(identity(hook)) !== hook.state)
      .map((hook) => ({
        order: hook.phase === 'PreSync' ? 0 : hook.phase === 'Sync' ? 1 : 2,
        wave: hook.wave,
        line: hookLine(hook),
      })),
    ...(now.results ?? [])
      .filter((result) => result.action !== 'unchanged' && actions.get(identity(result)) !== result.action)
      .map((result) => ({ order: 1, wave: result.wave, line: resultLine(result) })),
  ];
  lines.push(...news.toSorted((a, b) => a.order - b.order || a.wave - b.wave).map(({ line }) => line));
  const { waiting } = now;
  if (waiting !== undefined && (waiting.object !== told?.waiting?.object || waiting.reason !== told.waiting.reason))
    lines.push(`  waits for ${plain(waiting.object)}: ${plain(waiting.reason)} (until ${waiting.deadline})`);
  return lines;
}
