/** Live objects → Healthy, Progressing, Degraded … One file a kind; pure. */
export type { Health, HealthContext, HealthObject } from './health.ts';
export { healthOf, worstHealth } from './rules.ts';
