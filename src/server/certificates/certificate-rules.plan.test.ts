import { describe, expect, it } from 'vitest';
import type { CertificateSigningRequest } from '#api';
import { isSigning, planRequest, transitionIssues } from './certificate-rules.plan.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const hoursAgo = (hours: number) => new Date(NOW - hours * 3_600_000).toISOString();
const condition = (type: string, hours = 0, more: object = {}) => ({
  type,
  status: 'True',
  lastUpdateTime: hoursAgo(hours),
  ...more,
});
const request = (status: object = {}, spec: object = {}, hours = 0): CertificateSigningRequest =>
  ({
    metadata: { name: 'r', creationTimestamp: hoursAgo(hours) },
    spec: { signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'], ...spec },
    status,
  }) as never;
const approved = (hours = 0) => ({ conditions: [condition('Approved', hours)] });

describe('src/server/certificates/certificate-rules.plan.ts', () => {
  it.each<[string, CertificateSigningRequest, string, number?]>([
    ['is new', request(), 'leave'],
    ['waited a day', request({}, {}, 25), 'remove'],
    ['was approved', request(approved(), {}, 25), 'sign'],
    ['was approved and denied', request({ conditions: [condition('Approved'), condition('Denied')] }), 'leave'],
    ['was approved and failed', request({ conditions: [condition('Approved'), condition('Failed')] }), 'leave'],
    ['has its certificate', request({ ...approved(), certificate: 'x' }), 'leave'],
    ['has had its certificate for long', request({ ...approved(2), certificate: 'x' }), 'remove'],
    ['was approved long ago and never signed', request(approved(2), { signerName: 'x.io/y' }), 'leave'],
    ['was denied', request({ conditions: [condition('Denied')] }), 'leave'],
    ['was denied long ago', request({ conditions: [condition('Denied', 2)] }), 'remove'],
    ['failed long ago', request({ conditions: [condition('Approved', 2), condition('Failed', 2)] }), 'remove'],
    ['is for another signer', request(approved(), { signerName: 'x.io/y' }), 'leave'],
    ['wants to serve', request(approved(), { usages: ['client auth', 'server auth'] }), 'fail'],
    ['does not want to be a client', request(approved(), { usages: ['digital signature'] }), 'fail'],
    ['has an ended certificate', request({ ...approved(), certificate: 'x' }), 'remove', NOW - 1],
    ['has one that goes on', request({ ...approved(), certificate: 'x' }), 'leave', NOW + 1],
  ])('decides for a request that %s', (_name, one, action, issuedUntilMs) => {
    expect(planRequest(one, { issuedUntilMs, nowMs: NOW }).action).toBe(action);
  });

  it.each<[string, object, object, 'status' | 'approval', string | undefined]>([
    ['approve', {}, approved(), 'approval', undefined],
    ['approve by the status', {}, approved(), 'status', 'may not add a condition of type "Approved"'],
    ['fail', {}, { conditions: [condition('Failed')] }, 'status', undefined],
    ['take back', approved(), {}, 'approval', 'may not remove a condition of type "Approved"'],
    ['sign', approved(), { ...approved(), certificate: 'a' }, 'status', undefined],
    ['sign again', { certificate: 'a' }, { certificate: 'b' }, 'status', 'may not modify certificate content'],
    ['take a certificate away', { certificate: 'a' }, {}, 'status', 'may not modify certificate content'],
  ])('says whether one may %s', (_name, before, after, part, message) => {
    const [issue] = transitionIssues(request(after), request(before), part);
    if (message === undefined) expect(issue).toBeUndefined();
    else expect(issue?.message).toContain(message);
  });

  it('knows what only signers write', () => {
    expect(isSigning(request(approved()), request(approved()))).toBe(false);
    expect(isSigning(request({ conditions: [condition('Other')] }), request())).toBe(false);
    expect(isSigning(request({ certificate: 'a' }), request())).toBe(true);
    expect(isSigning(request({ conditions: [condition('Failed')] }), request())).toBe(true);
  });
});
