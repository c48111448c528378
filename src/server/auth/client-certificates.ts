import 'reflect-metadata';
import type { X509Certificate as NodeCertificate } from 'node:crypto';
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { X509Certificate } from '@peculiar/x509';
import type { Clock } from '#base';
import type { UserInfo } from './authorization.types.ts';

/** The user whom a connection's client certificate names; undefined when there is none that is good now. */
export type UserOfConnection = (socket: Socket) => UserInfo | undefined;

interface Known {
  readonly user: UserInfo | undefined;
  readonly fromMs: number;
  readonly untilMs: number;
}

const NOBODY: Known = { user: undefined, fromMs: 0, untilMs: 0 };

/**
 * Who calls by a certificate of our client authority, which the handshake has checked: common name and organisations are
 * user and groups. Its time is looked at for every request, since connections and TLS sessions outlive it.
 * Source: apiserver pkg/authentication/request/x509/x509.go, CommonNameUserConversion (v0.32).
 */
export function createUserOfConnection(clock: Clock): UserOfConnection {
  const known = new WeakMap<Socket, Known>();
  return (socket) => {
    const found = known.get(socket) ?? read(socket);
    known.set(socket, found);
    const nowMs = clock.nowMs();
    return nowMs >= found.fromMs && nowMs <= found.untilMs ? found.user : undefined;
  };
}

function read(socket: Socket): Known {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return NOBODY;
  const certificate: NodeCertificate | undefined = socket.getPeerX509Certificate();
  if (certificate === undefined) return NOBODY;
  const { subjectName, notBefore, notAfter } = new X509Certificate(certificate.raw);
  const name = subjectName.getField('CN').at(-1) ?? '';
  if (name === '') return NOBODY;
  const fingerprint = createHash('sha256').update(certificate.raw).digest('hex');
  const extra = { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] };
  const user = { name, groups: subjectName.getField('O'), extra };
  return { user, fromMs: notBefore.getTime(), untilMs: notAfter.getTime() };
}
