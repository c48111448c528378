import { connect } from 'node:http2';
import type { ProbeOutcome } from './probe.plan.ts';

/** Longest service name, in bytes: its length must fit one byte of the message. */
const MAX_SERVICE = 127;
/** What is read of an answer at most, in bytes. */
const MAX_ANSWER = 1_024;
/** Source: grpc/grpc-proto grpc/health/v1/health.proto. */
const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** Asks the standard health service, in clear text as Kubernetes does. Success is SERVING. */
export function probeGrpc(host: string, port: number, service: string, signal: AbortSignal): Promise<ProbeOutcome> {
  const name = Buffer.from(service, 'utf8');
  if (name.length > MAX_SERVICE) return Promise.resolve({ ok: false, message: 'the service name is too long' });
  return new Promise((resolve) => {
    const session = connect(`http://${host}:${port}`);
    const done = (ok: boolean, message: string) => {
      signal.removeEventListener('abort', onAbort);
      session.destroy();
      resolve({ ok, message });
    };
    const onAbort = () => done(false, 'no answer in time');
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    session.once('error', (error) => done(false, error.message));
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      'user-agent': 'kube-probe/1.32',
      te: 'trailers',
    });
    let body = Buffer.alloc(0);
    let code: unknown = '0';
    stream.on('response', (headers) => {
      code = headers['grpc-status'] ?? code;
    });
    stream.on('trailers', (headers) => {
      code = headers['grpc-status'] ?? code;
    });
    stream.on('data', (chunk: Buffer) => {
      body = Buffer.concat([body, chunk]).subarray(0, MAX_ANSWER);
    });
    stream.once('error', (error) => done(false, error.message));
    stream.once('end', () => {
      if (String(code) !== '0') return done(false, `health rpc failed with code ${String(code)}`);
      const status = STATUSES[statusIn(body)] ?? 'UNKNOWN';
      done(status === 'SERVING', `service status: ${status}`);
    });
    stream.end(request(name));
  });
}

/** One uncompressed message: `HealthCheckRequest { string service = 1 }`. */
function request(name: Buffer): Buffer {
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** `HealthCheckResponse { ServingStatus status = 1 }` behind its prefix; 0 when the field is left out. */
function statusIn(body: Buffer): number {
  return body[5] === 0x08 ? (body[6] ?? 0) : 0;
}
