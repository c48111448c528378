import { readFileSync } from 'node:fs';
import path from 'node:path';
import colors from 'picocolors';
import {
  type ControlPlane,
  createDemoRepository,
  keepAgentRunning,
  letAgentJoin,
  packageRoot,
  prepareSampleImage,
  type RootRepository,
  readProcessFile,
  requireFreeNodePort,
  sampleNodePort,
  startControlPlane,
  statePaths,
} from '#app';
import { createLog, type Log, systemClock } from '#base';
import { clientFromKubeconfig } from '#client';
import type { Output } from '../output.ts';
import { ownProgram } from '../own-program.ts';
import { defaultStateDir } from '../session.ts';
import { version } from '../version.ts';
import { parseSeconds } from '../words.ts';
import { watchNode } from './watch-node.ts';

export interface ServerFlags {
  readonly stateDir?: string | undefined;
  readonly listen: string;
  readonly apiPort: number;
  readonly uiPort: number;
  readonly webhookPort: number;
  readonly poll: string;
  readonly verbose?: boolean;
  readonly dockerHost?: string;
  readonly nodeName?: string;
  /** Whether this process sees that the agent runs; otherwise somebody else does. */
  readonly agent?: boolean;
}

/** Differs for every build, so that a new one replaces an agent of the old. */
function buildId(): string {
  try {
    return readFileSync(path.join(packageRoot, 'dist/.stamp'), 'utf8').slice(0, 16);
  } catch {
    return version; // run from source: there is no build to tell apart
  }
}

function startServer(flags: ServerFlags, root: RootRepository | undefined, log: Log): Promise<ControlPlane> {
  return startControlPlane(
    {
      stateDir: flags.stateDir ?? defaultStateDir(),
      listen: { host: flags.listen, apiPort: flags.apiPort, uiPort: flags.uiPort, webhookPort: flags.webhookPort },
      pollMs: parseSeconds(flags.poll, '--poll') * 1_000,
      version,
      ...(root === undefined ? {} : { root }),
    },
    { log },
  );
}

/** Resolves on Ctrl-C; a second one ends at once. */
function untilAsked(output: Output): Promise<void> {
  return new Promise((resolve) => {
    const asked = () => {
      output.note('\nEnding the control plane. Containers, Services and the node agent go on.');
      process.once('SIGINT', () => process.exit(130));
      resolve();
    };
    process.once('SIGINT', asked);
    process.once('SIGTERM', asked);
  });
}

async function serve(
  flags: ServerFlags,
  root: RootRepository | undefined,
  output: Output,
  tell: (plane: ControlPlane) => Promise<void>,
  withAgent: boolean,
): Promise<number> {
  const log = createLog({ level: flags.verbose === true ? 'debug' : 'warn' });
  const plane = await startServer(flags, root, log);
  const leaving = new AbortController();
  let watched: Promise<void> | undefined;
  try {
    if (flags.agent === false)
      await letAgentJoin({ plane, ...(flags.nodeName === undefined ? {} : { nodeName: flags.nodeName }) });
    if (withAgent && flags.agent !== false) {
      const { state, nodeName } = await keepAgentRunning(
        {
          plane,
          log,
          program: ownProgram,
          fingerprint: `${buildId()} ${flags.dockerHost ?? ''} ${flags.nodeName ?? ''}`,
          ...(flags.dockerHost === undefined ? {} : { dockerHost: flags.dockerHost }),
          ...(flags.nodeName === undefined ? {} : { nodeName: flags.nodeName }),
        },
        leaving.signal,
      );
      if (state === 'adopted') output.note('The node agent was running already; its containers are adopted.');
      watched = watchOwnNode(plane, nodeName, output, leaving.signal).catch((error: unknown) =>
        log.warn({ err: error }, 'the node could not be looked at'),
      );
    }
    const asked = untilAsked(output);
    await tell(plane);
    await Promise.race([asked, plane.failed]);
  } finally {
    leaving.abort();
    await watched;
    await plane.close();
  }
  return 0;
}

async function watchOwnNode(
  { paths }: ControlPlane,
  nodeName: string,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const client = await clientFromKubeconfig(paths.kubeconfig, { userAgent: 'plumb-up' });
  try {
    await watchNode({ client, clock: systemClock, output, nodeName, logFile: paths.agentLog }, signal);
  } finally {
    client.close();
  }
}

const heading = (plane: ControlPlane) => `${colors.bold(`Plumbline ${version}`)}\n
  Dashboard   ${colors.cyan(plane.createLoginLink())}
              (this link works once; plumb login makes another)
  kubectl     export KUBECONFIG=${plane.paths.kubeconfig}`;

const ENDING = '\nCtrl-C ends the control plane; the containers and the node agent go on.';

/** Follows a repository: control plane in this process, node agent beside it. */
export async function up(root: RootRepository, flags: ServerFlags, output: Output): Promise<number> {
  const tell = async (plane: ControlPlane) =>
    output.write(`${heading(plane)}\n  Repository  ${root.repository}\n${ENDING}`);
  return serve(flags, root, output, tell, true);
}

/** What `npm start` runs: `up` on a demo repository made from the sample, with a sample image made on this machine. */
export async function upDemo(flags: ServerFlags, output: Output): Promise<number> {
  const paths = statePaths(flags.stateDir ?? defaultStateDir());
  output.note('Making the sample image and the demo repository …');
  await createDemoRepository(path.join(packageRoot, 'sample-repo'), paths.demo);
  const port = await sampleNodePort(paths.demo);
  // An agent of ours that runs has the port itself, or tells who has it.
  if (port !== undefined && (await readProcessFile(paths.agentPid)) === undefined)
    await requireFreeNodePort(port, paths.demo);
  await prepareSampleImage(paths);
  const file = path.relative(process.cwd(), path.join(paths.demo, 'web/deployment.yaml'));
  const demo = path.relative(process.cwd(), paths.demo);
  const tell = async (plane: ControlPlane) =>
    output.write(`${heading(plane)}
${port === undefined ? '' : `  Sample      http://127.0.0.1:${port}   (when its pods are Ready)\n`}  Repository  ${paths.demo}

Try:
  sed -i 's/value: blue/value: green/' ${file}      ${colors.dim('# edit')}
  git -C ${demo} commit -am 'Paint it green'        ${colors.dim('# commit')}
  KUBECONFIG=${path.relative(process.cwd(), paths.kubeconfig)} kubectl get pods -n demo -w      ${colors.dim('# watch, or open the dashboard')}
${ENDING}
npm start adopts them again; npm run clean removes all.`);
  return serve(flags, { repository: paths.demo, path: '.', revision: 'HEAD' }, output, tell, true);
}

/** Only the control plane. */
export function runServerCommand(flags: ServerFlags, output: Output): Promise<number> {
  return serve(flags, undefined, output, async (plane) => output.write(heading(plane)), false);
}
