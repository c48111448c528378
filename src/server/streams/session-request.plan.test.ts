import { describe, expect, it } from 'vitest';
import type { Pod } from '#api';
import { planPorts, planSession } from './session-request.plan.ts';

const pod = (spec: object = {}): Pod =>
  ({
    metadata: { name: 'p', namespace: 'd', uid: 'u' },
    spec: { nodeName: 'n', containers: [{ name: 'a' }], ...spec },
  }) as unknown as Pod;
const query = (text: string) => new URLSearchParams(text);

describe('src/server/streams/session-request.plan.ts', () => {
  it('asks the pod’s node for a command with the streams wanted', () => {
    expect(
      planSession('exec', pod(), query('command=sh&command=-c&command=ls&stdin=true&stdout=true&stderr=1')),
    ).toEqual({
      node: 'n',
      request: {
        type: 'exec',
        pod: { namespace: 'd', name: 'p', uid: 'u' },
        container: 'a',
        command: ['sh', '-c', 'ls'],
        streams: { tty: false, stdin: true, stdout: true, stderr: true },
      },
    });
  });

  it('has no errors of its own on a terminal', () => {
    const { request } = planSession('attach', pod(), query('container=a&tty=true&stdout=true&stderr=true'));
    expect(request).toMatchObject({
      type: 'attach',
      streams: { tty: true, stdin: false, stdout: true, stderr: false },
    });
  });

  it.each([
    ['an init container', 'init'],
    ['an ephemeral container', 'debugger'],
  ])('finds %s by name', (_what, name) => {
    const spec = { initContainers: [{ name: 'init' }], ephemeralContainers: [{ name: 'debugger' }] };
    expect(planSession('attach', pod(spec), query(`container=${name}&stdout=true`)).request.container).toBe(name);
  });

  it.each([
    ['no command', pod(), 'stdout=true', 'you must specify at least one command for the container'],
    ['no stream', pod(), 'command=ls', 'you must specify at least 1 of stdin, stdout, stderr'],
    ['no node', pod({ nodeName: undefined }), 'command=ls&stdout=true', 'pod p does not have a host assigned'],
    ['no such container', pod(), 'container=z&command=ls&stdout=true', 'container z is not valid for pod p'],
    [
      'no choice made',
      pod({ containers: [{ name: 'a' }, { name: 'b' }], initContainers: [{ name: 'i' }] }),
      'command=ls&stdout=true',
      'a container name must be specified for pod p, choose one of: [a b] or one of the init containers: [i]',
    ],
  ])('refuses %s', (_what, of, text, message) => {
    expect(() => planSession('exec', of, query(text))).toThrow(
      expect.objectContaining({ reason: 'BadRequest', message }),
    );
  });

  it.each([
    ['ports=80', [80]],
    ['ports=80&ports=81,65535', [80, 81, 65_535]],
  ])('reads %s', (text, ports) => {
    expect(planPorts(query(text))).toEqual(ports);
  });

  it.each(['', 'ports=', 'ports=0', 'ports=65536', 'ports=-1', 'ports=80,', 'ports=http', `ports=${'1,'.repeat(64)}1`])(
    'refuses the ports %j',
    (text) => {
      expect(() => planPorts(query(text))).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
    },
  );
});
