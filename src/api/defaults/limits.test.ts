import { describe, expect, it } from 'vitest';
import { ENDPOINTS, LIMIT_RANGES } from '../kinds/resources.ts';
import { defaultObject } from './default-object.ts';

describe('src/api/defaults/limits', () => {
  it.each<[string, object, object]>([
    [
      'the most it may have as limit, and that as request',
      { type: 'Container', max: { cpu: '2' } },
      { type: 'Container', max: { cpu: '2' }, default: { cpu: '2' }, defaultRequest: { cpu: '2' } },
    ],
    [
      'the least as request where there is no limit',
      { type: 'Container', min: { cpu: '1000m', memory: '1Mi' }, default: { cpu: '2' } },
      {
        type: 'Container',
        min: { cpu: '1', memory: '1Mi' },
        default: { cpu: '2' },
        defaultRequest: { cpu: '2', memory: '1Mi' },
      },
    ],
    [
      'nothing that was named already',
      { type: 'Container', max: { cpu: '4' }, default: { cpu: '3' }, defaultRequest: { cpu: '2' }, min: { cpu: '1' } },
      { type: 'Container', max: { cpu: '4' }, default: { cpu: '3' }, defaultRequest: { cpu: '2' }, min: { cpu: '1' } },
    ],
    ['nothing of nothing', { type: 'Container', max: {} }, { type: 'Container', max: {} }],
    ['nothing to a whole pod', { type: 'Pod', max: { cpu: '2' } }, { type: 'Pod', max: { cpu: '2' } }],
  ])('gives a container %s', (_name, limit, expected) => {
    expect(defaultObject<unknown>(LIMIT_RANGES, { spec: { limits: [limit] } })).toEqual({
      spec: { limits: [expected] },
    });
  });

  it('takes a port of Endpoints for one of TCP', () => {
    const ports = [{ port: 80 }, { port: 53, protocol: 'UDP' }];
    expect(defaultObject<unknown>(ENDPOINTS, { subsets: [{ ports }] })).toEqual({
      subsets: [{ ports: [{ port: 80, protocol: 'TCP' }, ports[1]] }],
    });
  });
});
