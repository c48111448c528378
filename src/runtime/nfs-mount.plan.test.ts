import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nfsWayOut, planNfsMount } from './nfs-mount.plan.ts';

const share = { server: 'nas.example', path: '/export', options: [] };

describe('src/runtime/nfs-mount.plan.ts', () => {
  it.each([
    ['nothing more', {}, ['-t', 'nfs', '--', 'nas.example:/export', '/t']],
    ['an IPv4 address', { server: '192.0.2.1' }, ['-t', 'nfs', '--', '192.0.2.1:/export', '/t']],
    ['an IPv6 address', { server: '2001:db8::1' }, ['-t', 'nfs', '--', '[2001:db8::1]:/export', '/t']],
    ['one with a zone', { server: 'fe80::1%eth0' }, ['-t', 'nfs', '--', '[fe80::1%eth0]:/export', '/t']],
    [
      'options, each once',
      { options: ['nfsvers=4.1', 'hard', 'ro', 'ro'] },
      ['-t', 'nfs', '-o', 'nfsvers=4.1,hard,ro', '--', 'nas.example:/export', '/t'],
    ],
    ['a path with spaces', { path: '/my export' }, ['-t', 'nfs', '--', 'nas.example:/my export', '/t']],
  ])('tells mount of a share with %s', (_what, more, args) => {
    expect(planNfsMount({ ...share, ...more }, '/t')).toEqual({ args });
  });

  it.each([
    ['no server', { server: '' }, '"" is no name or address of an NFS server'],
    ['an option for a server', { server: '-osuid' }, '"-osuid" is no name or address of an NFS server'],
    ['a server with a path', { server: 'nas/x' }, '"nas/x" is no name or address of an NFS server'],
    ['a relative path', { path: 'export' }, '"export" is no absolute path of an NFS server'],
    ['a path of two lines', { path: '/a\nb' }, '"/a\\nb" is no absolute path of an NFS server'],
    ['a very long path', { path: `/${'x'.repeat(4096)}` }, expect.stringContaining('is no absolute path')],
    ['an empty option', { options: ['hard', ''] }, '"" is no mount option'],
    ['an option of two lines', { options: ['a\nb'] }, '"a\\nb" is no mount option'],
  ])('refuses %s', (_what, more, failure) => {
    expect(planNfsMount({ ...share, ...more }, '/t')).toEqual({ failure });
  });

  it('never lets a word of a user be an option, whatever it is', () => {
    const words = fc.record({
      server: fc.string(),
      path: fc.string(),
      options: fc.array(fc.string(), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(words, (given) => {
        const plan = planNfsMount(given, '/t');
        if ('failure' in plan) return;
        const { args } = plan;
        expect(args.slice(0, 2)).toEqual(['-t', 'nfs']);
        expect(args.slice(-3)).toEqual(['--', expect.stringMatching(/^[^-]/), '/t']);
        expect(args.length).toBe(given.options.length === 0 ? 5 : 7);
      }),
    );
  });

  it.each([
    ["mount: /t: unknown filesystem type 'nfs'.", /kernel of this node has no NFS client/],
    ['mount.nfs: No such device', /kernel of this node has no NFS client/],
    ['bad option; for several filesystems you might need a /sbin/mount.<type> helper program.', /install nfs-common/],
    ['mount.nfs: rpc.statd is not running but is required for remote locking.', /nolock/],
    ['mount.nfs: access denied by server while mounting nas:/x', /^$/],
  ])('knows the way out of: %s', (words, wayOut) => {
    expect(nfsWayOut(words)).toMatch(wayOut);
  });
});
