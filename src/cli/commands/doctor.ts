import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { APPLICATIONS, NODES } from '#api';
import { statePaths, typedAsRoot } from '#app';
import { errorCode, errorMessage } from '#base';
import { clientFromKubeconfig } from '#client';
import { isReady, networkTrouble } from '../nodes.ts';
import { type Output, paint, plain } from '../output.ts';
import { APPLICATION_NAMESPACE, defaultStateDir, kubeconfigPath, type SessionOptions } from '../session.ts';

const run = promisify(execFile);

/** What one look found. `remedy` says what to do about it. */
interface Finding {
  readonly verdict: 'ok' | 'warn' | 'FAIL';
  readonly what: string;
  readonly remedy?: string;
}

const ok = (what: string): Finding => ({ verdict: 'ok', what });
const warn = (what: string, remedy: string): Finding => ({ verdict: 'warn', what, remedy });
const failed = (what: string, remedy: string): Finding => ({ verdict: 'FAIL', what, remedy });

async function program(name: string, debianPackage: string, why: string): Promise<Finding> {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
  for (const folder of folders) {
    try {
      await access(path.join(folder, name), constants.X_OK);
      return ok(`${name} is here`);
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes(errorCode(error) ?? '')) throw error;
    }
  }
  return failed(`${name} is missing; ${why}`, typedAsRoot(`apt-get install ${debianPackage}`));
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 19)
    ? ok(`Node ${process.version}`)
    : failed(`Node ${process.version} is too old`, 'Install Node 20.19 or newer.');
}

async function gitVersion(): Promise<Finding> {
  try {
    return ok((await run('git', ['--version'])).stdout.trim());
  } catch (error) {
    return failed(`git does not run (${errorCode(error) ?? errorMessage(error)})`, typedAsRoot('apt-get install git'));
  }
}

function engine(): Promise<Finding> {
  const host = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
  if (!host.startsWith('unix://')) return Promise.resolve(ok(`the Docker engine is ${host} (not tried)`));
  const file = host.slice('unix://'.length);
  return new Promise((resolve) => {
    const socket = net.connect({ path: file });
    socket.once('connect', () => {
      socket.destroy();
      resolve(ok(`a Docker engine answers on ${file}`));
    });
    socket.once('error', (error) => {
      if (errorCode(error) === 'EACCES') resolve(ok(`${file} is there; only root may use it, as the node agent does`));
      else
        resolve(
          failed(
            `no Docker engine on ${file} (${errorCode(error) ?? 'unknown'})`,
            `Start it (${typedAsRoot('systemctl start docker')}), or set DOCKER_HOST.`,
          ),
        );
    });
  });
}

async function secretFile(file: string): Promise<Finding> {
  try {
    const { mode } = await stat(file);
    const others = mode & 0o077;
    return others === 0 ? ok(`only you can read ${file}`) : failed(`others can read ${file}`, `chmod 600 ${file}`);
  } catch (error) {
    if (errorCode(error) === 'ENOENT')
      return warn(
        `${file} is not there`,
        'Nothing was started with this state folder yet: npm start, or plumb up REPO.',
      );
    if (errorCode(error) === 'EACCES') return ok(`${file} is closed to you`);
    throw error;
  }
}

async function server(options: SessionOptions): Promise<readonly Finding[]> {
  const file = kubeconfigPath(options);
  let client: Awaited<ReturnType<typeof clientFromKubeconfig>>;
  try {
    client = await clientFromKubeconfig(file, { userAgent: 'plumb-doctor' });
  } catch (error) {
    return [
      warn(
        `no server to ask: ${plain(errorMessage(error))}`,
        'Start one (npm start, plumb up REPO), or name a kubeconfig with --kubeconfig.',
      ),
    ];
  }
  try {
    const [nodes, applications] = await Promise.all([
      client.list(NODES),
      client.list(APPLICATIONS, { namespace: APPLICATION_NAMESPACE }),
    ]);
    const findings: Finding[] = [ok(`the API answers (${file})`)];
    if (nodes.items.length === 0)
      findings.push(failed('no node has joined', 'See agent.log in the state folder; the agent needs root.'));
    for (const node of nodes.items) {
      const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
      findings.push(
        isReady(node)
          ? ok(`node ${node.metadata.name} is Ready`)
          : failed(
              `node ${node.metadata.name} is not Ready: ${plain(ready?.message ?? 'never heard of')}`,
              'See agent.log on that machine.',
            ),
      );
      const trouble = networkTrouble(node);
      if (trouble !== undefined) findings.push((trouble.grave ? failed : warn)(trouble.what, trouble.remedy));
    }
    for (const { metadata, status } of applications.items) {
      for (const condition of status?.conditions ?? []) {
        if (condition.status === 'True')
          findings.push(
            warn(
              `${metadata.name}: ${condition.type}: ${plain(condition.message ?? '')}`,
              `plumb status ${metadata.name}`,
            ),
          );
      }
    }
    return findings;
  } catch (error) {
    return [
      failed(
        `the API of ${file} does not answer: ${plain(errorMessage(error))}`,
        'Is the control plane running? npm start, or plumb up REPO.',
      ),
    ];
  } finally {
    client.close();
  }
}

/** Looks at the machine and the installation. Resolves to whether nothing is broken. */
export async function doctor(options: SessionOptions, output: Output): Promise<boolean> {
  const paths = statePaths(options.stateDir ?? defaultStateDir());
  const findings = [
    node(),
    await gitVersion(),
    await engine(),
    await program('nft', 'nftables', 'Services need it'),
    await program('ip', 'iproute2', 'the pod network needs it'),
    await program('nsenter', 'util-linux', 'the pod network needs it'),
    await secretFile(paths.storeKey),
    await secretFile(paths.kubeconfig),
    ...(await server(options)),
  ];
  for (const { verdict, what, remedy } of findings) {
    output.write(`${paint(verdict)}${' '.repeat(6 - verdict.length)}${what}`);
    if (remedy !== undefined) output.write(`      ${remedy}`);
  }
  return findings.every(({ verdict }) => verdict !== 'FAIL');
}
