import type { UiApplicationSummary } from '#api';
import { count } from './format.ts';

/** Applications that stand alike. */
export interface Group {
  readonly title: string;
  readonly tone: 'good' | 'warn' | 'bad';
  /** `true`: as Git says. `false`: not as Git says, or not yet. `unknown`: what Git says cannot be read. */
  readonly isTrue: boolean | 'unknown';
  readonly holds: (application: UiApplicationSummary) => boolean;
}

/** Most urgent first; an Application stands in the first group that holds it. */
const GROUPS: readonly Group[] = [
  {
    title: 'Waits for you',
    tone: 'bad',
    isTrue: false,
    holds: ({ run, severity }) => run?.phase === 'PruneBlocked' || severity === 'blocked',
  },
  {
    title: 'Failing',
    tone: 'bad',
    isTrue: false,
    holds: ({ run, health, severity }) =>
      run?.phase === 'Failed' || health === 'Degraded' || health === 'Missing' || severity === 'error',
  },
  {
    title: 'Cannot be compared with Git',
    tone: 'bad',
    isTrue: 'unknown',
    holds: ({ sync, severity }) => sync === 'Unknown' || severity === 'unread',
  },
  { title: 'Differs from Git', tone: 'warn', isTrue: false, holds: ({ sync }) => sync === 'OutOfSync' },
  {
    title: 'Under way',
    tone: 'warn',
    isTrue: false,
    holds: ({ run, health }) => run?.phase === 'Running' || run?.phase === 'Pending' || health === 'Progressing',
  },
  { title: 'True to Git, with a warning', tone: 'warn', isTrue: true, holds: ({ severity }) => severity === 'warning' },
  { title: 'True to Git', tone: 'good', isTrue: true, holds: () => true },
];

export function grouped(
  applications: readonly UiApplicationSummary[],
): readonly (Group & { readonly members: readonly UiApplicationSummary[] })[] {
  const of = (application: UiApplicationSummary) => GROUPS.find(({ holds }) => holds(application));
  return GROUPS.map((group) => ({
    ...group,
    members: applications.filter((application) => of(application) === group),
  })).filter(({ members }) => members.length > 0);
}

export interface Verdict {
  readonly tone: Group['tone'];
  readonly text: string;
  readonly more: string;
}

/** Whether everything is true to Git, in one sentence; and how many stand how. */
export function verdict(applications: readonly UiApplicationSummary[]): Verdict {
  const groups = grouped(applications);
  const all = count(applications.length, 'Application');
  const more = groups.every(({ tone }) => tone === 'good')
    ? all
    : groups
        .map(({ title, members }) => `${title.charAt(0).toLowerCase()}${title.slice(1)}: ${members.length}`)
        .join(' · ');
  const open = groups.filter(({ isTrue }) => isTrue !== true);
  const tone = groups[0]?.tone ?? 'good';
  if (open.length === 0) return { tone, text: 'Everything is true to Git.', more };
  const number = open.reduce((sum, { members }) => sum + members.length, 0);
  const what = open.every(({ isTrue }) => isTrue === 'unknown')
    ? 'cannot be compared with Git'
    : `${number === 1 ? 'is' : 'are'} not true to Git`;
  return { tone, text: `${number} of ${all} ${what}.`, more };
}
