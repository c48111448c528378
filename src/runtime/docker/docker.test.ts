import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import type { ContainerConfig } from '../runtime.ts';
import { planContainer, planSandbox } from './create.ts';
import { agreeOnApi } from './engine.ts';
import { pullError, toRuntimeError } from './errors.ts';
import { eventsOf } from './events.ts';
import { fromLabels, toLabels } from './labels.ts';
import { Limiter } from './limiter.ts';
import { demultiplex } from './log-stream.ts';
import { RegistryLogins } from './registry-login.ts';

const pod = { namespace: 'default', name: 'web', uid: 'u1' };

describe('src/runtime/docker/log-stream.ts', () => {
  it('takes the stream apart wherever the pieces are cut', async () => {
    const frames = fc.array(fc.record({ stream: fc.constantFrom(1, 2), bytes: fc.uint8Array({ maxLength: 40 }) }), {
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(
        frames,
        fc.array(fc.integer({ min: 1, max: 13 }), { minLength: 1, maxLength: 5 }),
        async (all, cuts) => {
          const wire = Buffer.concat(
            all.flatMap(({ stream, bytes }) => {
              const header = Buffer.alloc(8);
              header[0] = stream;
              header.writeUInt32BE(bytes.length, 4);
              return [header, Buffer.from(bytes)];
            }),
          );
          const pieces = async function* () {
            for (let at = 0, turn = 0; at < wire.length; turn += 1) {
              const size = cuts[turn % cuts.length] ?? 1;
              yield wire.subarray(at, at + size);
              at += size;
            }
          };
          const got: Uint8Array[] = [];
          for await (const chunk of demultiplex(pieces())) got.push(chunk);
          expect(Buffer.concat(got)).toEqual(Buffer.concat(all.map(({ bytes }) => bytes)));
        },
      ),
    );
  });
});

describe('src/runtime/docker/labels.ts', () => {
  it('reads back what it writes', () => {
    const annotations = fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
      fc.string(),
    );
    fc.assert(
      fc.property(annotations, fc.nat(), (notes, attempt) => {
        const labels = toLabels({
          owner: 'o',
          type: 'container',
          pod,
          attempt,
          annotations: notes,
          container: { name: 'app', sandboxId: 's' },
        });
        expect(fromLabels(labels)).toEqual({
          type: 'container',
          pod,
          attempt,
          containerName: 'app',
          sandboxId: 's',
          annotations: { ...notes },
        });
      }),
    );
  });

  it.each([
    {},
    { 'plumbline.dev/type': 'container' },
    { ...toLabels({ owner: 'o', type: 'sandbox', pod, attempt: 0 }), 'plumbline.dev/attempt': 'x' },
  ])('takes nothing for ours that is not whole (%#)', (labels) => {
    expect(fromLabels(labels)).toBeUndefined();
  });
});

describe('src/runtime/docker/create.ts', () => {
  const config = { pod, sandboxId: 's1', name: 'app', attempt: 0, image: 'x', env: [], mounts: [], resources: {} };
  const log = { fileBytes: 10, files: 5 };
  const alone = { hostname: 'web', gate: '/state/gate' };
  const line = (more: object, imageCommand: object) => {
    const { Entrypoint, Cmd } = planContainer({ ...config, standAlone: alone, ...more }, 'o', { log, imageCommand });
    return [Entrypoint, Cmd];
  };

  it.each<[object, object, readonly string[]]>([
    [{}, { entrypoint: ['/e'], cmd: ['c'] }, ['/e', 'c']],
    [{ args: ['a'] }, { entrypoint: ['/e'], cmd: ['c'] }, ['/e', 'a']],
    [{ command: ['/x'] }, { entrypoint: ['/e'], cmd: ['c'] }, ['/x']],
    [{ command: ['/x'], args: ['a'] }, { entrypoint: ['/e'], cmd: ['c'] }, ['/x', 'a']],
    [{}, { cmd: ['c'] }, ['c']],
  ])('gives the gate the command line that Kubernetes would run (%#)', (more, image, expected) => {
    expect(line(more, image)).toEqual([['/.plumbline/gate', ...expected], []]);
  });

  it('refuses a container without anything to run', () => {
    expect(() => line({}, {})).toThrow(expect.objectContaining({ code: 'InvalidContainerConfig' }));
  });

  it.each<[Partial<ContainerConfig>, object]>([
    [{}, { SecurityOpt: [] }],
    [{ noNewPrivileges: true }, { SecurityOpt: ['no-new-privileges'] }],
    [
      { seccomp: 'unconfined', appArmor: 'web', seLinux: ['type:t'] },
      { SecurityOpt: ['seccomp=unconfined', 'apparmor=web', 'label=type:t'] },
    ],
    [{ unmaskedProc: true }, { MaskedPaths: [], ReadonlyPaths: [] }],
  ])('tells the engine what a container may (%#)', (more, expected) => {
    expect(planContainer({ ...config, ...more }, 'o', { log }).HostConfig).toMatchObject(expected);
  });

  it('never lets the engine restart, and bounds every log', () => {
    for (const standAlone of [undefined, alone]) {
      const made = planContainer(
        { ...config, command: ['/x'], ...(standAlone === undefined ? {} : { standAlone }) },
        'o',
        { log },
      );
      expect(made.HostConfig).toMatchObject({
        RestartPolicy: { Name: 'no' },
        LogConfig: { Type: 'json-file', Config: { 'max-size': '10', 'max-file': '5' } },
      });
    }
    expect(planSandbox({ pod, hostname: 'h', attempt: 0, network: 'pod' }, 'pause', 'o').HostConfig).toMatchObject({
      RestartPolicy: { Name: 'no' },
    });
  });
});

describe('src/runtime/docker/engine.ts', () => {
  it.each([
    ['1.40', undefined],
    ['1.41', '1.41'],
    ['1.44', '1.44'],
    ['1.51', '1.51'],
    ['1.60', '1.51'],
    ['2.0', '1.51'],
  ])('speaks to an engine of API %s in %s', (offered, agreed) => {
    expect(agreeOnApi(offered)).toBe(agreed);
  });
});

describe('src/runtime/docker/errors.ts', () => {
  const answer = (statusCode: number, message: string) =>
    Object.assign(new Error(`(HTTP code ${statusCode}) x - ${message} `), { statusCode, json: { message } });

  it.each([
    [answer(404, 'No such image: x'), 'ImageNotFound'],
    [answer(404, 'No such container: x'), 'ContainerNotFound'],
    [answer(409, 'Conflict. The name is already in use by container "x"'), 'ContainerNameInUse'],
    [answer(400, 'invalid mount'), 'InvalidContainerConfig'],
    [answer(500, 'oh'), 'EngineRefused'],
    [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'EngineUnavailable'],
  ])('knows what the engine means (%#)', (error, code) => {
    expect(toRuntimeError(error)).toMatchObject({ code });
  });

  it.each([
    ['pull access denied for x, repository does not exist or may require docker login', 'ImagePullDenied'],
    ['unauthorized: authentication required', 'ImagePullDenied'],
    ['manifest for x:1 not found: manifest unknown', 'ImageNotFound'],
    ['dial tcp: lookup registry: no such host', 'ImagePullFailed'],
  ])('knows why a pull failed: %s', (message, code) => {
    expect(pullError({ ref: 'x:1', registry: 'r', loggedIn: false }, answer(500, message))).toMatchObject({ code });
  });

  it.each([
    [false, /there is no login for ghcr\.io: docker login ghcr\.io on the node, or imagePullSecrets/],
    [true, /ghcr\.io does not take the login it was given/],
  ])('says what to do when a registry refuses (logged in: %s)', (loggedIn, words) => {
    const refused = answer(500, 'Get "https://ghcr.io/v2/x": no basic auth credentials');
    expect(pullError({ ref: 'ghcr.io/x:1', registry: 'ghcr.io', loggedIn }, refused).message).toMatch(words);
    expect(pullError({ ref: 'x:1', registry: 'r', loggedIn }, answer(500, 'EOF')).message).not.toContain('login');
  });

  it('keeps control characters and endless words out of messages', () => {
    const { message } = toRuntimeError(answer(500, `\u001b[31m${'x'.repeat(5_000)}\n`));
    expect(message).not.toMatch(/\p{Cc}/u);
    expect(message.length).toBeLessThanOrEqual(1_024);
  });
});

describe('src/runtime/docker/events.ts', () => {
  it('reads events of ours out of any pieces, and no others', async () => {
    const event = (Action: string, Attributes: object) =>
      JSON.stringify({ Type: 'container', Action, Actor: { ID: 'c1', Attributes } });
    const ours = toLabels({
      owner: 'o',
      type: 'container',
      pod,
      attempt: 0,
      container: { name: 'app', sandboxId: 's' },
    });
    const text = `${event('start', ours)}\n${event('exec_create: x', ours)}\n${event('die', ours)}\n${event('oom', ours)}\n${event('oom', {})}\n${event('start', {})}\n\n`;
    const pieces = async function* () {
      for (let at = 0; at < text.length; at += 7) yield Buffer.from(text.slice(at, at + 7));
    };
    const types: string[] = [];
    const ooms: string[] = [];
    for await (const { type } of eventsOf(pieces(), (id) => ooms.push(id))) types.push(type);
    expect(types).toEqual(['started', 'died', 'changed']);
    expect(ooms).toEqual(['c1']);
  });
});

describe('src/runtime/docker/limiter.ts', () => {
  it('never runs more than its limit, and all in the end, in order', async () => {
    const limiter = new Limiter(3);
    let running = 0;
    let most = 0;
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        limiter
          .run(async () => {
            order.push(index);
            running += 1;
            most = Math.max(most, running);
            await new Promise((resolve) => setImmediate(resolve));
            running -= 1;
            if (index % 4 === 0) throw new Error('one fails');
          })
          .catch(() => undefined),
      ),
    );
    expect(most).toBe(3);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });
});

describe('src/runtime/docker/registry-login.ts', () => {
  let folder: string;
  let oldPath: string | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'plumb-login-'));
    oldPath = process.env['PATH'];
  });
  afterEach(async () => {
    process.env['PATH'] = oldPath;
    await rm(folder, { recursive: true });
  });
  const find = async (config: unknown, registry: string) => {
    await writeFile(path.join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
    return await new RegistryLogins(silentLog, folder).find(registry);
  };
  const auth = Buffer.from('me:pass:word').toString('base64');

  it('takes the login of `docker login`', async () => {
    expect(await find({ auths: { 'ghcr.io': { auth } } }, 'ghcr.io')).toEqual({
      username: 'me',
      password: 'pass:word',
      serveraddress: 'ghcr.io',
    });
    expect(await find({ auths: { 'https://index.docker.io/v1/': { auth } } }, 'docker.io')).toMatchObject({
      username: 'me',
    });
    expect(await find({ auths: { 'ghcr.io': { identitytoken: 't' } } }, 'ghcr.io')).toEqual({
      identitytoken: 't',
      serveraddress: 'ghcr.io',
    });
  });

  it.each([
    [{}],
    [{ auths: { 'ghcr.io': {} } }],
    ['no json'],
    [{ credHelpers: { 'ghcr.io': '../../bin/evil' } }],
    [{ credsStore: 'absent-helper' }],
  ])('pulls as nobody where there is none (%#)', async (config) => {
    expect(await find(config, 'ghcr.io')).toBeUndefined();
  });

  it('asks a credential helper, for its registry before the common one', async () => {
    const bin = path.join(folder, 'bin');
    await mkdir(bin);
    const helper = async (name: string, answer: object) => {
      const file = path.join(bin, `docker-credential-${name}`);
      await writeFile(
        file,
        `#!/bin/sh\nread registry\n[ "$1 $registry" = "get ghcr.io" ] || exit 1\ncat <<'END'\n${JSON.stringify(answer)}\nEND\n`,
      );
      await chmod(file, 0o755);
    };
    await helper('one', { Username: 'helped', Secret: 's' });
    await helper('two', { Username: '<token>', Secret: 't' });
    process.env['PATH'] = `${bin}:${oldPath ?? ''}`;
    expect(await find({ credHelpers: { 'ghcr.io': 'one' }, credsStore: 'two' }, 'ghcr.io')).toMatchObject({
      username: 'helped',
    });
    expect(await find({ credsStore: 'two' }, 'ghcr.io')).toEqual({ identitytoken: 't', serveraddress: 'ghcr.io' });
    expect(await find({ credsStore: 'two' }, 'quay.io')).toBeUndefined();
  });
});
