import { describe, expect, it } from 'vitest';
import { issuesOf, updateIssuesOf } from '../../../test/support/issues.ts';
import { ENDPOINTS } from '../kinds/resources.ts';

const address = (fields: object) => ({ subsets: [{ addresses: [{ ip: '10.0.0.1', ...fields }] }] });
const ports = (...list: object[]) => ({ subsets: [{ notReadyAddresses: [{ ip: '10.0.0.1' }], ports: list }] });
const at = 'subsets[0].addresses[0]';

describe('src/api/validation/endpoints', () => {
  it.each<[string, object]>([
    ['no subsets', {}],
    ['addresses without ports', address({ hostname: 'a', nodeName: 'n1' })],
    ['several ports', ports({ name: 'a', port: 80 }, { name: 'b', port: 81, protocol: 'UDP' })],
    ['IPv6', address({ ip: 'fd00::1' })],
  ])('accepts %s', (_name, fields) => {
    expect(issuesOf(ENDPOINTS, { ...fields })).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    [
      'a subset without addresses',
      { subsets: [{}] },
      ['subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`'],
    ],
    [
      'a name as address',
      address({ ip: 'web' }),
      [`${at}.ip: Invalid value: "web": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`],
    ],
    [
      'the loopback',
      address({ ip: '127.0.0.1' }),
      [`${at}.ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)`],
    ],
    [
      'the address of metadata services',
      address({ ip: '169.254.169.254' }),
      [`${at}.ip: Invalid value: "169.254.169.254": may not be in the link-local range (169.254.0.0/16, fe80::/10)`],
    ],
    ['ports without names', ports({ port: 80 }, { name: 'b', port: 81 }), ['subsets[0].ports[0].name: Required value']],
    [
      'port 0',
      ports({ port: 0 }),
      ['subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive'],
    ],
    [
      'another protocol',
      ports({ port: 1, protocol: 'ICMP' }),
      ['subsets[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"'],
    ],
  ])('refuses %s', (_name, fields, expected) => {
    expect(issuesOf(ENDPOINTS, { ...fields })).toEqual(expected);
  });

  it('lets no address move to another node', () => {
    const before = address({ nodeName: 'n1' });
    expect(updateIssuesOf(ENDPOINTS, before, address({ nodeName: 'n2' }))).toEqual([
      `${at}.nodeName: Forbidden: Cannot change NodeName for 10.0.0.1 to n2`,
    ]);
    expect(updateIssuesOf(ENDPOINTS, before, address({}))).toEqual([]);
    expect(updateIssuesOf(ENDPOINTS, before, address({ ip: '10.0.0.2', nodeName: 'n2' }))).toEqual([]);
  });
});
