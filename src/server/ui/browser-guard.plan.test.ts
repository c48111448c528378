import { describe, expect, it } from 'vitest';
import { type BrowserFacts, planGuard, planHosts } from './browser-guard.plan.ts';

const HOSTS = planHosts(['127.0.0.1', 'plumb.example', '::1'], 7080);

const READ: BrowserFacts = {
  method: 'GET',
  host: 'localhost:7080',
  origin: undefined,
  fetchSite: undefined,
  marker: undefined,
  contentType: undefined,
};
const WRITE: BrowserFacts = {
  ...READ,
  method: 'POST',
  origin: 'http://localhost:7080',
  fetchSite: 'same-origin',
  marker: '1',
  contentType: 'application/json',
};

describe('src/server/ui/browser-guard.plan.ts', () => {
  it.each(['localhost:7080', '127.0.0.1:7080', '[::1]:7080', 'plumb.example:7080', 'LOCALHOST:7080'])(
    'lets read by the name %s',
    (host) => {
      expect(planGuard({ ...READ, host }, HOSTS).allowed).toBe(true);
    },
  );

  it.each([
    undefined,
    '',
    'localhost',
    'localhost:80',
    'evil.example:7080',
    '127.0.0.1.evil.example:7080',
    '0.0.0.0:7080',
    'localhost:7080@evil',
  ])('refuses the host %s: it may be another name that was made to lead here', (host) => {
    expect(planGuard({ ...READ, host }, HOSTS).allowed).toBe(false);
    expect(planGuard({ ...WRITE, host }, HOSTS).allowed).toBe(false);
  });

  it('lets our own page write', () => {
    expect(planGuard(WRITE, HOSTS).allowed).toBe(true);
    expect(planGuard({ ...WRITE, contentType: 'application/json; charset=utf-8' }, HOSTS).allowed).toBe(true);
    expect(planGuard({ ...WRITE, fetchSite: undefined }, HOSTS).allowed).toBe(true);
  });

  it.each<[string, Partial<BrowserFacts>]>([
    ['no origin', { origin: undefined }],
    ['a null origin', { origin: 'null' }],
    ['a foreign origin', { origin: 'https://evil.example' }],
    ['an origin on another port', { origin: 'http://localhost:3000' }],
    ['an origin that begins like ours', { origin: 'http://localhost:7080.evil.example' }],
    ['a fetch from another site', { fetchSite: 'cross-site' }],
    ['a fetch from a sister site', { fetchSite: 'same-site' }],
    ['no header of ours', { marker: undefined }],
    ['no content type', { contentType: undefined }],
    ['a content type that needs no preflight', { contentType: 'text/plain' }],
    ['a form', { contentType: 'application/x-www-form-urlencoded' }],
    ['a content type that only begins like JSON', { contentType: 'application/jsonp' }],
  ])('refuses a write with %s', (_what, facts) => {
    expect(planGuard({ ...WRITE, ...facts }, HOSTS).allowed).toBe(false);
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('treats %s as a write', (method) => {
    expect(planGuard({ ...READ, method }, HOSTS).allowed).toBe(false);
  });
});
