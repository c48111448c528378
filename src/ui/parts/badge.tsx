import type { HealthStatus, SyncRunPhase, SyncStatus } from '#api';
import { Icon } from './icons.tsx';

export type Tone = 'good' | 'warn' | 'bad' | 'calm';

const SYNC_TONES: Record<SyncStatus, Tone> = { Synced: 'good', OutOfSync: 'warn', Unknown: 'calm' };
const HEALTH_TONES: Record<HealthStatus, Tone> = {
  Healthy: 'good',
  Progressing: 'warn',
  Degraded: 'bad',
  Missing: 'bad',
  Suspended: 'calm',
  Unknown: 'calm',
};
const PHASE_TONES: Record<SyncRunPhase, Tone> = {
  Pending: 'calm',
  Running: 'warn',
  PruneBlocked: 'bad',
  Succeeded: 'good',
  Failed: 'bad',
  Superseded: 'calm',
};
export const ICONS = { good: 'check', warn: 'dots', bad: 'cross', calm: 'dash' } as const;

function Badge({ tone, children }: { readonly tone: Tone; readonly children: string }) {
  return (
    <span class={`badge ${tone}`}>
      <Icon name={ICONS[tone]} />
      {children}
    </span>
  );
}

export const SyncBadge = ({ status }: { readonly status: SyncStatus }) => (
  <Badge tone={SYNC_TONES[status]}>{status}</Badge>
);
export const HealthBadge = ({ status }: { readonly status: HealthStatus }) => (
  <Badge tone={HEALTH_TONES[status]}>{status}</Badge>
);
export const PhaseBadge = ({ phase }: { readonly phase: SyncRunPhase }) => (
  <Badge tone={PHASE_TONES[phase]}>{phase}</Badge>
);
export const ToneBadge = Badge;
