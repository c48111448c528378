import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, type Pod } from '#api';
import { createLog } from '#base';
import type { Client } from '#client';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { until } from '../../../test/support/until.ts';
import { renewalDefaults, tokenKey } from './token.plan.ts';
import { TokenStore } from './token-store.ts';

const LIFE_S = 3_607;
const KEY = tokenKey({ audience: '', expirationSeconds: LIFE_S });
const pod = {
  metadata: { name: 'web', namespace: 'team', uid: 'uid-1' },
  spec: {
    serviceAccountName: 'bot',
    containers: [],
    volumes: [
      { name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: LIFE_S } }] } },
    ],
  },
} as unknown as Pod;
const never = new AbortController().signal;

describe('src/node-agent/tokens/token-store.ts', () => {
  let memoryDir: string;
  let clock: FakeClock;
  let store: TokenStore;
  let changes: string[];
  let lines: string[];
  let asked: unknown[];
  /** Answers each request; `undefined`: the server is out of reach. */
  let answer: (count: number) => string | undefined;

  const client: Pick<Client, 'requestToken'> = {
    async requestToken(account, spec) {
      asked.push({ account, ...spec });
      const token = answer(asked.length);
      if (token === 'never') await new Promise(() => undefined);
      if (token === undefined) throw new ApiError('ServiceUnavailable', 'the server is out of reach');
      return { token, lifetimeSeconds: LIFE_S };
    },
  };
  const open = () => {
    const log = createLog({ destination: { write: (line) => void lines.push(line) } });
    const onChange = (uid: string) => void changes.push(uid);
    return new TokenStore({ client, clock, log, memoryDir, renewal: renewalDefaults, onChange, random: () => 0 });
  };
  beforeEach(async () => {
    memoryDir = await mkdtemp(path.join(tmpdir(), 'plumb-tokens-'));
    clock = new FakeClock();
    [changes, lines, asked] = [[], [], []];
    answer = (count) => `secret-${count}`;
    store = open();
  });
  afterEach(async () => {
    await store.close();
    await rm(memoryDir, { recursive: true, force: true });
  });

  const now = () => store.read('uid-1').get(KEY);
  const has = (token: string) => until(`it has ${token}`, () => JSON.stringify(now())?.includes(`"${token}"`));
  const copied = (token: string) =>
    until('a copy lies in memory', async () => {
      const [file] = await readdir(memoryDir);
      return (
        file !== undefined &&
        !file.endsWith('.new') &&
        (await readFile(path.join(memoryDir, file), 'utf8')).includes(token)
      );
    });

  it('asks for a token of the account, bound to the pod, once', async () => {
    store.hold(pod);
    store.hold(pod);
    expect(now()).toEqual({ state: 'unknown' });
    await store.settled('uid-1', 10_000, never);
    expect(now()).toEqual({ state: 'present', token: 'secret-1' });
    expect(asked).toEqual([
      {
        account: { namespace: 'team', name: 'bot' },
        expirationSeconds: LIFE_S,
        boundTo: { kind: 'Pod', name: 'web', uid: 'uid-1' },
      },
    ]);
    expect(changes).toEqual(['uid-1']);
  });

  it('renews it at four fifths of its life, and tells', async () => {
    store.hold(pod);
    await has('secret-1');
    await clock.advance(LIFE_S * 800 - 1_000);
    expect(asked).toHaveLength(1);
    await clock.advance(2_000);
    await has('secret-2');
    expect(changes).toEqual(['uid-1', 'uid-1']);
  });

  it.each([
    ['forward', LIFE_S * 1_000],
    ['back', -LIFE_S * 1_000],
  ])('renews it soon when the clock is set %s, and no more than once', async (_, ms) => {
    store.hold(pod);
    await has('secret-1');
    clock.jump(ms);
    await clock.advance(10_000);
    await has('secret-2');
    await clock.advance(60_000);
    expect(asked).toHaveLength(2);
  });

  it('keeps the token it has while a new one cannot be had, and gets one as soon as it can', async () => {
    answer = (count) => (count === 1 || count > 4 ? `secret-${count}` : undefined);
    store.hold(pod);
    await has('secret-1');
    await clock.advance(LIFE_S * 800);
    expect(now()).toEqual({ state: 'present', token: 'secret-1' });
    await clock.advance(5_000);
    await has('secret-5');
    expect(lines.join()).toContain('a token of a service account cannot be had');
    expect(lines.join()).not.toContain('secret-');
  });

  it('says why there is none, and when there is one', async () => {
    answer = (count) => (count === 1 ? undefined : `secret-${count}`);
    store.hold(pod);
    await store.settled('uid-1', 10_000, never);
    expect(now()).toEqual({ state: 'failed', message: 'the server is out of reach' });
    await clock.advance(200);
    await has('secret-2');
    expect(changes).toEqual(['uid-1', 'uid-1']);
  });

  it('does not wait for ever for an answer', async () => {
    answer = () => 'never';
    store.hold(pod);
    const waited = store.settled('uid-1', 10_000, never);
    await clock.advance(10_000);
    await waited;
    expect(now()).toEqual({ state: 'unknown' });
  });

  it('takes over a copy of the run before, without a request, and renews it when it is due', async () => {
    store.hold(pod);
    await copied('secret-1');
    for (const file of await readdir(memoryDir))
      expect((await stat(path.join(memoryDir, file))).mode & 0o777).toBe(0o600);
    await store.close();
    answer = (count) => (count > 2 ? `secret-${count}` : undefined);
    await clock.advance(60_000);
    store = open();
    store.hold(pod);
    await has('secret-1');
    expect(asked).toHaveLength(1);
    await clock.advance(LIFE_S * 800 - 60_000);
    await clock.advance(1_000);
    await has('secret-3');
  });

  it('takes over no copy that has ended', async () => {
    store.hold(pod);
    await copied('secret-1');
    await store.close();
    await clock.advance(LIFE_S * 1_000);
    store = open();
    store.hold(pod);
    await has('secret-2');
  });

  it('forgets the tokens of a pod that left, with their copies', async () => {
    store.hold(pod);
    await copied('secret-1');
    store.release('uid-1');
    expect(now()).toBeUndefined();
    await until('no copy is left', async () => (await readdir(memoryDir)).length === 0);
    await clock.advance(LIFE_S * 1_000);
    expect(asked).toHaveLength(1);
  });
});
