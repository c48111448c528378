import os from 'node:os';
import { backoffMs, errorMessage, type Log, shortHash, sleep, systemClock } from '#base';
import { readIfThere } from '#server';
import { readAgentConfigIfThere, writeAgentConfig } from './agent-config.ts';
import { type AgentProcessOptions, ensureAgentProcess } from './agent-process.ts';
import type { ControlPlane } from './control-plane.ts';
import { StartError } from './errors.ts';
import { nodeSettingsFile } from './node-settings.ts';
import { ensurePrivateDir } from './private-state.ts';
import { dockerConfigDir, homeOfUser, invoker } from './privileges.ts';

/** How often a dead agent is noticed, ms; one that ends again and again is started ever more rarely. */
const LOOK = { initialMs: 2_000, maxMs: 60_000 } as const;
/** An agent that has run for so long, in ms, is well again. */
const WELL_AFTER_MS = 60_000;

export interface KeepAgentOptions {
  readonly plane: Pick<ControlPlane, 'paths' | 'apiUrl' | 'ca' | 'clusterId' | 'issueNodeToken'>;
  /** The program and arguments that start this very build. */
  readonly program: readonly string[];
  readonly fingerprint: string;
  readonly dockerHost?: string;
  readonly nodeName?: string;
  /** Told of an agent that ended, or cannot be started. */
  readonly log: Log;
}

export interface KeptAgent {
  readonly state: 'adopted' | 'started' | 'replaced';
  readonly nodeName: string;
}

/** A machine's host name as a node name: lower case, DNS-1123. */
export const defaultNodeName = () =>
  os
    .hostname()
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '') || 'node';

/** Writes down what the agent of this machine must know to join, unless it stands there. Answers its node's name. */
export async function letAgentJoin({
  plane: { paths, apiUrl, ca, clusterId, issueNodeToken },
  nodeName,
}: Pick<KeepAgentOptions, 'plane' | 'nodeName'>): Promise<string> {
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
      token: await issueNodeToken(name),
    });
  return name;
}

/**
 * Sees that the agent of this machine runs, now and for as long as the signal lets it: one that dies is started again. When
 * the signal aborts the agent is left running.
 */
export async function keepAgentRunning(
  { plane, program, fingerprint, dockerHost, nodeName, log }: KeepAgentOptions,
  signal: AbortSignal,
): Promise<KeptAgent> {
  const { paths, apiUrl } = plane;
  const name = await letAgentJoin({ plane, ...(nodeName === undefined ? {} : { nodeName }) });
  // Other settings, another agent.
  const settings = (await readIfThere(nodeSettingsFile(paths.agent))) ?? '';
  const who = invoker();
  const home = who.env['SUDO_USER'] === undefined ? undefined : await homeOfUser(who.env['SUDO_USER']);
  const logins = dockerConfigDir(who, () => home);
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
    fingerprint: `${fingerprint} ${apiUrl} ${name} ${logins ?? ''} ${shortHash(settings)}`,
    clock: systemClock,
    ...(logins === undefined ? {} : { env: { DOCKER_CONFIG: logins } }),
  };
  const state = await ensureAgentProcess(options);
  void supervise(options, log, signal);
  return { state, nodeName: name };
}

async function supervise(options: AgentProcessOptions, log: Log, signal: AbortSignal): Promise<void> {
  const { clock, logFile } = options;
  let failures = 0;
  let startedMs = clock.monotonicMs();
  while (!signal.aborted) {
    await sleep(clock, backoffMs(Math.max(failures, 1), LOOK), signal).catch(() => undefined); // aborted: the loop sees it
    if (signal.aborted) return;
    try {
      if ((await ensureAgentProcess(options)) === 'adopted') {
        if (clock.monotonicMs() - startedMs > WELL_AFTER_MS) failures = 0;
        continue;
      }
      failures += 1;
      startedMs = clock.monotonicMs();
      log.warn({ logFile, times: failures }, 'the node agent had ended and was started again; its log tells why');
    } catch (error) {
      failures += 1;
      startedMs = clock.monotonicMs();
      const hint = error instanceof StartError ? error.hint : `Its log is ${logFile}.`;
      const againMs = backoffMs(failures, LOOK);
      log.error({ reason: errorMessage(error), hint, againMs }, 'the node agent cannot be started');
    }
  }
}
