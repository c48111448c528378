import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import path from 'node:path';
import { fileOfPackage } from '../test/support/debian.ts';
import { freePorts } from '../test/support/product.ts';
import { until } from '../test/support/until.ts';

/** Debian's etcd, one member, with its defaults: every put is synced to disk before it is answered. */
export class Etcd {
  readonly #process: ChildProcess;
  readonly #session: ClientHttp2Session;

  private constructor(process: ChildProcess, session: ClientHttp2Session) {
    this.#process = process;
    this.#session = session;
  }

  /** `directory` should lie on the disk that the store it is compared with lies on. */
  static async start(directory: string): Promise<Etcd> {
    const program = await fileOfPackage('etcd-server', ['usr/bin/etcd']);
    const [client, peer] = await freePorts(2);
    const url = `http://127.0.0.1:${client}`;
    const child = spawn(
      program,
      [
        ...['--data-dir', path.join(directory, 'etcd')],
        ...['--listen-client-urls', url, '--advertise-client-urls', url],
        ...['--listen-peer-urls', `http://127.0.0.1:${peer}`],
      ],
      { stdio: 'ignore' },
    );
    try {
      await until('etcd answers', async () => (await fetch(`${url}/health`)).ok, 30_000);
      const session = connect(url, { settings: { enablePush: false } });
      await once(session, 'connect');
      return new Etcd(child, session);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Resolves when the put is durable. */
  put(key: string, value: Buffer): Promise<void> {
    return this.#call('Put', Buffer.concat([field(1, Buffer.from(key)), field(2, value)]));
  }

  /** Reads one key, linearizable. */
  get(key: string): Promise<void> {
    return this.#call('Range', field(1, Buffer.from(key)));
  }

  async close(): Promise<void> {
    this.#session.destroy();
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }

  /** A unary gRPC call over HTTP/2. Source: grpc doc/PROTOCOL-HTTP2.md. */
  #call(method: 'Put' | 'Range', message: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({
        ':method': 'POST',
        ':path': `/etcdserverpb.KV/${method}`,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      let status = '';
      stream.on('trailers', (trailers) => {
        status = String(trailers['grpc-status']);
      });
      stream.on('error', reject);
      stream.on('end', () => (status === '0' ? resolve() : reject(new Error(`etcd: ${method} ended with ${status}`))));
      stream.resume();
      const head = Buffer.alloc(5);
      head.writeUInt32BE(message.length, 1);
      stream.end(Buffer.concat([head, message]));
    });
  }
}

/** A length-delimited field of a protobuf message. */
function field(number: number, bytes: Buffer): Buffer {
  const head = [(number << 3) | 2];
  let length = bytes.length;
  for (; length > 0x7f; length >>>= 7) head.push((length & 0x7f) | 0x80);
  head.push(length);
  return Buffer.concat([Buffer.from(head), bytes]);
}
