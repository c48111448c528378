import { spawn } from 'node:child_process';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { errorCode } from '#base';
import { NetworkError } from '../errors.ts';
import { searchPathEnvironment } from './run.ts';

export interface PodPort {
  /** Host pid of a process of the pod, and the engine's id of its container: what has taken over the number is not entered. */
  readonly pid: number;
  readonly containerId: string;
  readonly port: number;
  /** The pod's own address; its loopback when absent. */
  readonly address?: string;
}

/** Until the program in the pod's namespace has connected, in ms. */
const TIMEOUT_MS = 10_000;

/** Connects to a port of the first of these addresses that answers and hands the socket over, unread; or says why not. */
const PROGRAM = `
const { Socket } = require('node:net');
const leave = () => process.disconnect();
const [port, ...hosts] = process.argv.slice(1);
const dial = (why) => {
  const host = hosts.shift();
  if (host === undefined) return fail(why);
  const socket = new Socket({ allowHalfOpen: true });
  socket.pause(); // what is read here would be lost
  socket.once('error', dial);
  socket.connect({ host, port: Number(port) }, () => process.send({}, socket, leave));
};
const fail = (error) => process.send({ why: error.code ?? error.message }, leave);
dial();
`;

/**
 * A connection to a port of a pod on this host, on its own address or its loopback, as the pod itself would make it. It is made by a program
 * that enters the pod's network namespace and hands the connected socket out, since Node cannot enter one. Each side of
 * the socket ends by itself. Throws `PodPortUnreachable`.
 */
const LOOPBACK = ['127.0.0.1', '::1'];

export async function dialPod({ pid, containerId, port, address }: PodPort): Promise<Socket> {
  const namespace = await namespaceOf(pid, containerId);
  try {
    return await connectInside(namespace, port, address === undefined ? LOOPBACK : [address]);
  } finally {
    await namespace.close();
  }
}

/** Opened first and looked at then: a process that took over the number between is found out. */
async function namespaceOf(pid: number, containerId: string): Promise<FileHandle> {
  let namespace: FileHandle | undefined;
  try {
    namespace = await open(`/proc/${pid}/ns/net`);
    if ((await readFile(`/proc/${pid}/cgroup`, 'utf8')).includes(containerId)) return namespace;
  } catch (error) {
    await namespace?.close();
    throw new NetworkError('PodPortUnreachable', `the pod's network is gone (${errorCode(error) ?? 'unknown'})`, error);
  }
  await namespace.close();
  throw new NetworkError('PodPortUnreachable', "the pod's network is gone");
}

function connectInside(namespace: FileHandle, port: number, hosts: readonly string[]): Promise<Socket> {
  const child = spawn('nsenter', ['--net=/proc/self/fd/4', process.execPath, '-e', PROGRAM, String(port), ...hosts], {
    env: searchPathEnvironment,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc', namespace.fd],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      reject(new NetworkError('PodPortUnreachable', `port ${port} of the pod: ${why}`));
    };
    child.once('error', (error) => fail(error.message));
    child.once('exit', () => fail('no answer'));
    child.once('message', (message, handle) => {
      if (!(handle instanceof Socket)) return fail(reasonIn(message));
      handle.allowHalfOpen = true;
      resolve(handle);
    });
  });
}

function reasonIn(message: unknown): string {
  const { why } = (message ?? {}) as { readonly why?: unknown };
  return why === 'ECONNREFUSED' ? 'connection refused' : String(why ?? 'no answer');
}
