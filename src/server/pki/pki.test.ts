import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readKubeconfig } from '#client';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { certificateLifetimes } from './certificates.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { ensurePki } from './pki.ts';
import { planServerCertificate, RENEW_BEFORE_MS } from './server-certificate.plan.ts';

describe('src/server/pki/pki.ts', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'plumbline-pki-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('makes an authority and a certificate for every name, once', async () => {
    const first = await ensurePki(directory, { hosts: ['10.1.2.3', 'plumb.example'] });
    const certificate = new X509Certificate(first.certificate);
    expect(certificate.verify(new X509Certificate(first.ca).publicKey)).toBe(true);
    expect(new X509Certificate(first.ca).ca).toBe(true);
    for (const name of ['localhost', 'kubernetes.default.svc.cluster.local', 'plumb.example']) {
      expect(certificate.checkHost(name), name).toBe(name);
    }
    for (const ip of ['127.0.0.1', '::1', '10.96.0.1', '10.1.2.3']) expect(certificate.checkIP(ip), ip).toBe(ip);
    expect(await ensurePki(directory, { hosts: ['10.1.2.3', 'plumb.example'] })).toEqual(first);
  });

  it('keeps every file to its owner', async () => {
    await ensurePki(directory);
    for (const name of await readdir(directory)) {
      expect((await stat(path.join(directory, name))).mode & 0o777, name).toBe(0o600);
    }
  });

  it('issues a new certificate for a new name, from the same authority', async () => {
    const first = await ensurePki(directory);
    const second = await ensurePki(directory, { hosts: ['10.1.2.3'] });
    expect(second.ca).toBe(first.ca);
    expect(second.certificate).not.toBe(first.certificate);
  });

  it('issues a new certificate before the old one ends', async () => {
    const clock = new FakeClock();
    const first = await ensurePki(directory, { clock });
    await clock.advance(certificateLifetimes.serverMs - RENEW_BEFORE_MS - 60_000);
    expect((await ensurePki(directory, { clock })).certificate).toBe(first.certificate);
    await clock.advance(120_000);
    expect((await ensurePki(directory, { clock })).certificate).not.toBe(first.certificate);
  });

  it('heals an unreadable server certificate, but never replaces an authority', async () => {
    const first = await ensurePki(directory);
    await writeFile(path.join(directory, 'server.crt'), 'nonsense');
    expect((await ensurePki(directory)).ca).toBe(first.ca);
    await rm(path.join(directory, 'ca.key'));
    await expect(ensurePki(directory)).rejects.toMatchObject({ code: 'AuthorityKeyMissing' });
  });

  it('writes a kubeconfig that says what was meant, whatever the values hold', async () => {
    const file = path.join(directory, 'kubeconfig');
    const token = 'a"b: #{x}\n';
    await writeKubeconfig({ path: file, server: 'https://[::1]:7443', ca: 'PEM', user: 'no: "body"', token });
    expect(await readKubeconfig(file)).toEqual({ server: 'https://[::1]:7443', ca: 'PEM', token });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });
});

describe('src/server/pki/server-certificate.plan.ts', () => {
  const { names } = planServerCertificate({ hosts: ['a.example'], current: undefined, nowMs: 0 });
  const good = { notAfterMs: RENEW_BEFORE_MS + 1, names, trusted: true };

  it.each([
    ['none yet', undefined, true],
    ['a good one', good, false],
    ['one with more names', { ...good, names: [...names, 'old.example'] }, false],
    ['one with fewer names', { ...good, names: names.slice(1) }, true],
    ['one near its end', { ...good, notAfterMs: RENEW_BEFORE_MS - 1 }, true],
    ['a foreign one', { ...good, trusted: false }, true],
  ])('decides for %s', (_what, current, issue) => {
    expect(planServerCertificate({ hosts: ['a.example'], current, nowMs: 0 }).issue).toBe(issue);
  });

  it('names no wildcard address', () => {
    const plan = planServerCertificate({ hosts: ['0.0.0.0', '::', ''], current: undefined, nowMs: 0 });
    expect(plan.names).not.toContain('0.0.0.0');
    expect(plan.names).not.toContain('');
  });
});
