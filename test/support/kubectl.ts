import { execFile, execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * The stock kubectl of a minor version: from the folder `PLUMBLINE_KUBECTL_DIR`, else beside the one on the PATH
 * (some packages install a dispatcher that chooses by the server's version), else the one on the PATH itself. Undefined
 * when there is none of that version: another one would prove something else.
 */
export function findKubectl(minor = '1.32'): string | undefined {
  const onPath = (process.env['PATH'] ?? '')
    .split(':')
    .map((folder) => path.join(folder, 'kubectl'))
    .find((file) => existsSync(file));
  const named = process.env['PLUMBLINE_KUBECTL_DIR'];
  const folders = [
    ...(named === undefined ? [] : [named]),
    ...(onPath === undefined ? [] : [path.dirname(realpathSync(onPath))]),
  ];
  const beside = folders.map((folder) => path.join(folder, `kubectl.${minor}`)).filter((file) => existsSync(file));
  return [...beside, ...(onPath === undefined ? [] : [onPath])].find((file) => clientMinor(file) === minor);
}

/** `1.32`: what a kubectl says of itself. */
function clientMinor(kubectl: string): string | undefined {
  const said = execFileSync(kubectl, ['version', '--client', '-o', 'json'], { encoding: 'utf8', timeout: 60_000 });
  return /"gitVersion": "v(\d+\.\d+)\./.exec(said)?.[1];
}

export interface KubectlResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** Runs kubectl with one kubeconfig and a cache of its own; never throws on a non-zero exit. */
export function createKubectl(kubectl: string, kubeconfig: string, cacheDir: string) {
  return async (
    args: readonly string[],
    options: {
      readonly input?: string;
      readonly env?: Readonly<Record<string, string>>;
      readonly timeoutMs?: number;
    } = {},
  ): Promise<KubectlResult> => {
    const child = run(kubectl, [...args], {
      env: { ...process.env, KUBECONFIG: kubeconfig, KUBECACHEDIR: cacheDir, HOME: cacheDir, ...options.env },
      timeout: options.timeoutMs ?? 60_000,
      maxBuffer: 32 * 1024 * 1024,
    });
    if (options.input !== undefined) child.child.stdin?.end(options.input);
    try {
      const { stdout, stderr } = await child;
      return { stdout, stderr, code: 0 };
    } catch (error) {
      const failed = error as { stdout?: string; stderr?: string; code?: number | string; killed?: boolean };
      if (typeof failed.code !== 'number' && failed.killed !== true) throw error;
      return {
        stdout: failed.stdout ?? '',
        stderr: failed.stderr ?? '',
        code: typeof failed.code === 'number' ? failed.code : -1,
      };
    }
  };
}
