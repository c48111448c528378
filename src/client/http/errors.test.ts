import { describe, expect, it } from 'vitest';
import { connectionError, refusal } from './errors.ts';

const status = (more: object) => ({ kind: 'Status', apiVersion: 'v1', status: 'Failure', ...more });

describe('src/client/http/errors.ts', () => {
  it.each([
    [404, status({ reason: 'NotFound', message: 'pods "x" not found', code: 404 }), 'NotFound', 'pods "x" not found'],
    [410, status({ reason: 'Gone', code: 410, message: 'old' }), 'Expired', 'old'],
    [410, status({ reason: 'Expired', code: 410, message: 'old' }), 'Expired', 'old'],
    [500, status({ code: 409, message: 'x' }), 'Conflict', 'x'],
    [500, status({ reason: 'SomethingNew', code: 422, message: 'x' }), 'Invalid', 'x'],
    [502, '<html>Bad gateway</html>', 'InternalError', '<html>Bad gateway</html>'],
    [418, '', 'BadRequest', 'the server answered 418'],
    [503, { message: 'no Status at all' }, 'ServiceUnavailable', 'the server answered 503'],
    [429, null, 'TooManyRequests', 'the server answered 429'],
  ])('reads %i %o', (httpStatus, body, reason, message) => {
    expect(refusal(httpStatus, body)).toMatchObject({ reason, message });
  });

  it('keeps the details', () => {
    const details = { name: 'x', kind: 'pods' };
    expect(refusal(404, status({ reason: 'NotFound', details })).details).toEqual(details);
  });

  it('cuts a page that a proxy sends', () => {
    expect(refusal(502, 'x'.repeat(100_000)).message.length).toBeLessThan(2_000);
  });

  it('tells a certificate that is not trusted from a server that is away', () => {
    const cause = (code: string) => Object.assign(new Error(code), { code });
    expect(connectionError('https://x', cause('ECONNREFUSED'))).toMatchObject({
      code: 'ServerUnreachable',
      retryable: true,
    });
    expect(connectionError('https://x', cause('CERT_HAS_EXPIRED')).code).toBe('CertificateNotTrusted');
    expect(connectionError('https://x', cause('ERR_TLS_CERT_ALTNAME_INVALID')).code).toBe('CertificateNotTrusted');
  });
});
