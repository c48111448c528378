import type { HealthStatus } from '#api';

/** How one object is, and why, in words a person reads. */
export interface Health {
  readonly status: HealthStatus;
  readonly message?: string;
}

/** What a rule may look at besides the object. */
export interface HealthContext {
  readonly nowMs: number;
}

/** The fields of any object that a rule reads; kinds we do not serve are judged too. */
export interface HealthObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name?: string;
    readonly generation?: number;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
  readonly status?: unknown;
}

export type HealthRule = (object: HealthObject, context: HealthContext) => Health;

export const healthy: Health = { status: 'Healthy' };
export const progressing = (message: string): Health => ({ status: 'Progressing', message });
export const degraded = (message: string): Health => ({ status: 'Degraded', message });
export const suspended = (message: string): Health => ({ status: 'Suspended', message });
