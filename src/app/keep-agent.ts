import os from 'node:os';
import { type Log, silentLog, sleep, systemClock } from '#base';
import { readAgentConfigIfThere, writeAgentConfig } from './agent-config.ts';
import { type AgentProcessOptions, ensureAgentProcess } from './agent-process.ts';
import type { ControlPlane } from './control-plane.ts';
import { ensurePrivateDir } from './private-state.ts';

/** How often a dead agent is noticed, ms. */
const LOOK_EVERY_MS = 2_000;

export interface KeepAgentOptions {
  readonly plane: ControlPlane;
  /** The program and arguments that start this very build. */
  readonly program: readonly string[];
  readonly fingerprint: string;
  readonly dockerHost?: string;
  readonly nodeName?: string;
  readonly log?: Log;
}

/** A machine's host name as a node name: lower case, DNS-1123. */
export const defaultNodeName = () =>
  os
    .hostname()
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '') || 'node';

/**
 * Sees that the agent of this machine runs, now and for as long as the signal lets it: one that dies is started again. When
 * the signal aborts the agent is left running.
 */
export async function keepAgentRunning(
  { plane, program, fingerprint, dockerHost, nodeName, log = silentLog }: KeepAgentOptions,
  signal: AbortSignal,
): Promise<'adopted' | 'started' | 'replaced'> {
  const { paths, apiUrl, ca, clusterId } = plane;
  await ensurePrivateDir(paths.agent);
  const known = await readAgentConfigIfThere(paths.agent);
  const name = nodeName ?? known?.nodeName ?? defaultNodeName();
  const fits =
    known !== undefined &&
    known.server === apiUrl &&
    known.ca === ca &&
    known.nodeName === name &&
    known.clusterId === clusterId;
  if (!fits)
    await writeAgentConfig(paths.agent, {
      server: apiUrl,
      ca,
      clusterId,
      nodeName: name,
      token: await plane.issueNodeToken(name),
    });
  const options: AgentProcessOptions = {
    program,
    args: [
      'agent',
      '--agent-dir',
      paths.agent,
      '--node-name',
      name,
      ...(dockerHost === undefined ? [] : ['--docker-host', dockerHost]),
    ],
    pidFile: paths.agentPid,
    logFile: paths.agentLog,
    fingerprint: `${fingerprint} ${apiUrl} ${name}`,
    clock: systemClock,
  };
  const state = await ensureAgentProcess(options);
  void supervise(options, log, signal);
  return state;
}

async function supervise(options: AgentProcessOptions, log: Log, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await sleep(options.clock, LOOK_EVERY_MS, signal);
      if ((await ensureAgentProcess(options)) !== 'adopted')
        log.warn({}, 'the node agent had ended and was started again');
    } catch (error) {
      if (!signal.aborted) log.error({ err: error }, 'the node agent cannot be started');
    }
  }
}
