import os from 'node:os';
import { describe, expect, it } from 'vitest';
import { asRoot, dockerConfigDir, homeOfUser, typedAsRoot } from './privileges.ts';

describe('src/app/privileges.ts', () => {
  it.each([
    [0, {}, ['kill', '1']],
    [1000, {}, ['sudo', '--', 'kill', '1']],
    [0, { A: 'b c' }, ['env', 'A=b c', 'kill', '1']],
    [1000, { A: 'b c' }, ['sudo', '--', 'env', 'A=b c', 'kill', '1']],
  ])('runs a command as root for uid %i with %j', (uid, set, expected) => {
    expect(asRoot(['kill', '1'], { uid }, set)).toEqual(expected);
  });

  it('tells a command as this person has to type it', () => {
    expect(typedAsRoot('apt-get install nftables', 0)).toBe('apt-get install nftables');
    expect(typedAsRoot('apt-get install nftables', 1000)).toBe('sudo apt-get install nftables');
  });

  it.each([
    ['a person', { uid: 1000, env: { HOME: '/home/ada' } }, '/home/ada/.docker'],
    ['a person through sudo', { uid: 0, env: { HOME: '/root', SUDO_USER: 'ada' } }, '/home/of/ada/.docker'],
    ['root', { uid: 0, env: { HOME: '/root' } }, undefined],
    ['a user without a home, through sudo', { uid: 0, env: { HOME: '/root', SUDO_USER: 'nobody' } }, undefined],
    ['whoever says where', { uid: 0, env: { DOCKER_CONFIG: '/etc/d', SUDO_USER: 'ada' } }, '/etc/d'],
    ['whoever says nothing', { uid: 1000, env: { DOCKER_CONFIG: '', HOME: '/home/ada' } }, '/home/ada/.docker'],
  ])('finds the logins of %s', (_who, who, expected) => {
    expect(dockerConfigDir(who, (user) => (user === 'nobody' ? undefined : `/home/of/${user}`))).toBe(expected);
  });

  it("knows a user's home, and that an unknown one has none", async () => {
    const { username, homedir } = os.userInfo();
    expect(await homeOfUser(username)).toBe(homedir);
    expect(await homeOfUser('-not a user-')).toBeUndefined();
  });
});
