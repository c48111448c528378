import type { Status, StatusDetails } from '#api';

/** How a session ended, as an agent tells it. */
export type Outcome = { readonly exitCode: number } | { readonly error: string };

/** The part of a Status that ends a session; its kind and version are left out, as Kubernetes does. */
export interface SessionStatus {
  readonly metadata: Record<string, never>;
  readonly status: Status['status'];
  readonly message?: string;
  readonly reason?: 'NonZeroExitCode' | 'InternalError';
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** Longest reason taken from an agent, in characters. */
const MAX_ERROR = 1_024;

/** Reads what an agent said; undefined for what cannot be read. */
export function readOutcome(bytes: Uint8Array): Outcome | undefined {
  let said: unknown;
  try {
    said = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined; // no JSON
  }
  if (typeof said !== 'object' || said === null) return undefined;
  if ('exitCode' in said && Number.isSafeInteger(said.exitCode)) return { exitCode: said.exitCode as number };
  if ('error' in said && typeof said.error === 'string') return { error: said.error.slice(0, MAX_ERROR) };
  return undefined;
}

/**
 * The outcome as kubectl reads it. Source: kubelet/pkg/cri/streaming/remotecommand/exec.go and
 * apimachinery/pkg/util/remotecommand/constants.go (v1.32).
 */
export function statusOfOutcome(outcome: Outcome): SessionStatus {
  if ('error' in outcome) {
    return {
      metadata: {},
      status: 'Failure',
      message: outcome.error,
      reason: 'InternalError',
      details: { causes: [{ message: outcome.error }] },
      code: 500,
    };
  }
  const { exitCode } = outcome;
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with exit code ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

/** The outcome for protocols before v4: nothing for success, else words. */
export function wordsOfOutcome(outcome: Outcome): string {
  return statusOfOutcome(outcome).message ?? '';
}
