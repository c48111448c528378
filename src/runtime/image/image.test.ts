import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gateProgram } from './gate.ts';
import { pauseImageTar, pauseProgram } from './pause.ts';
import { parseImageReference } from './reference.ts';
import { buildScratchImage } from './scratch-image.ts';
import { type TarEntry, writeTar } from './ustar.ts';

describe('src/runtime/image/ustar.ts', () => {
  it('writes what tar reads back: files, links, folders, long paths', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'plumb-tar-'));
    const long = `${'d'.repeat(90)}/${'e'.repeat(60)}/file`;
    const entries: TarEntry[] = [
      { type: 'directory', path: 'bin', mode: 0o755 },
      { type: 'file', path: 'bin/tool', mode: 0o750, content: Buffer.from('x'.repeat(1000)) },
      { type: 'symlink', path: 'bin/link', target: 'tool' },
      { type: 'file', path: long, mode: 0o644, content: Buffer.alloc(0) },
      { type: 'file', path: 'exact', mode: 0o644, content: Buffer.alloc(512, 1) },
    ];
    writeFileSync(path.join(folder, 'a.tar'), Buffer.concat([...writeTar(entries)]));
    const listing = execFileSync('tar', ['--numeric-owner', '-tvf', 'a.tar'], { cwd: folder, encoding: 'utf8' });
    expect(listing).toMatch(/-rwxr-x--- 0\/0\s+1000 1970-01-01 00:00 bin\/tool/);
    expect(listing).toMatch(/bin\/link -> tool/);
    expect(listing).toContain(long);
    execFileSync('tar', ['-xf', 'a.tar'], { cwd: folder });
    expect(readFileSync(path.join(folder, 'bin/tool'), 'utf8')).toBe('x'.repeat(1000));
    expect(readFileSync(path.join(folder, 'exact'))).toEqual(Buffer.alloc(512, 1));
    rmSync(folder, { recursive: true });
  });

  it('refuses a path that does not fit', () => {
    const file: TarEntry = { type: 'file', path: 'x'.repeat(200), mode: 0o644, content: Buffer.alloc(0) };
    expect(() => [...writeTar([file])]).toThrow(expect.objectContaining({ code: 'TarPathTooLong' }));
  });

  it('always writes whole blocks', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 4 }), (contents) => {
        const entries = contents.map(
          (content, index): TarEntry => ({ type: 'file', path: `f${index}`, mode: 0o644, content }),
        );
        expect(Buffer.concat([...writeTar(entries)]).length % 512).toBe(0);
      }),
    );
  });
});

describe('src/runtime/image/scratch-image.ts', () => {
  const image = {
    tag: 'plumbline.test/x:1',
    files: [{ path: 'a/b/c', content: Buffer.from('hello'), mode: 0o644 }],
    config: { cmd: ['/a/b/c'] },
    architecture: 'amd64',
  };

  it('makes the same image of the same files, byte for byte', () => {
    expect(Buffer.concat([...buildScratchImage(image)])).toEqual(Buffer.concat([...buildScratchImage(image)]));
  });

  it('names its layer by digest, and itself by its tag', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'plumb-image-'));
    writeFileSync(path.join(folder, 'i.tar'), Buffer.concat([...buildScratchImage(image)]));
    execFileSync('tar', ['-xf', 'i.tar'], { cwd: folder });
    const [manifest] = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
    const config = JSON.parse(readFileSync(path.join(folder, manifest.Config), 'utf8'));
    const layer = execFileSync('sha256sum', ['layer.tar'], { cwd: folder, encoding: 'utf8' }).split(' ')[0];
    expect(manifest).toMatchObject({ RepoTags: ['plumbline.test/x:1'], Layers: ['layer.tar'] });
    expect(config).toMatchObject({ architecture: 'amd64', os: 'linux', rootfs: { diff_ids: [`sha256:${layer}`] } });
    rmSync(folder, { recursive: true });
  });
});

describe('src/runtime/image/pause.ts', () => {
  it('makes small programs for both processors', () => {
    expect(pauseProgram('amd64').length).toBeLessThan(400);
    expect(pauseProgram('arm64').length).toBeLessThan(400);
    expect(() => pauseProgram('mips')).toThrow(expect.objectContaining({ code: 'ArchitectureUnsupported' }));
    expect([...pauseImageTar('amd64')].length).toBeGreaterThan(0);
  });
});

describe('src/runtime/image/gate.ts', () => {
  it('is there for both processors, and for no other', () => {
    expect(gateProgram('amd64')?.length).toBeLessThan(1024);
    expect(gateProgram('arm64')?.length).toBeLessThan(1024);
    expect(gateProgram('mips')).toBeUndefined();
  });

  it.runIf(process.arch === 'x64')('becomes its program where there is a route, found by path or by name', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'plumb-gate-'));
    const gate = path.join(folder, 'gate');
    writeFileSync(gate, gateProgram('amd64') ?? '', { mode: 0o755 });
    const run = (...args: string[]) =>
      execFileSync(gate, args, { encoding: 'utf8', env: { PATH: '/nowhere::/usr/bin:/bin' }, timeout: 5_000 });
    expect(run('/bin/sh', '-c', 'echo $0 $1', 'a', 'b')).toBe('a b\n');
    expect(run('echo', 'found')).toBe('found\n');
    expect(() => run('no-such-program')).toThrow(expect.objectContaining({ status: 127 }));
    expect(() => run('/etc/passwd')).toThrow(expect.objectContaining({ status: 126 }));
    rmSync(folder, { recursive: true });
  });
});

describe('src/runtime/image/reference.ts', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  it.each([
    ['busybox', 'docker.io/library/busybox:latest'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36'],
    ['user/app', 'docker.io/user/app:latest'],
    ['ghcr.io/a/b/c:v1', 'ghcr.io/a/b/c:v1'],
    ['localhost:5000/x', 'localhost:5000/x:latest'],
    ['localhost/x:1', 'localhost/x:1'],
    ['index.docker.io/x', 'docker.io/library/x:latest'],
    [`busybox@${digest}`, `docker.io/library/busybox@${digest}`],
    [`busybox:1@${digest}`, `docker.io/library/busybox:1@${digest}`],
    ['deadbeef', 'docker.io/library/deadbeef:latest'],
  ])('%s is %s', (text, full) => {
    expect(parseImageReference(text)?.full).toBe(full);
  });

  it.each([
    '',
    'UPPER',
    'a b',
    'a:',
    ':1',
    'a//b',
    '../x',
    'a@sha256:short',
    'a:b:c',
    `x${'y'.repeat(600)}`,
    'a/b?c=d',
    '-a',
  ])('refuses %j', (text) => {
    expect(parseImageReference(text)).toBeUndefined();
  });

  it('reads its own complete names again', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^([a-z0-9]{1,8}(\.[a-z]{2,3})?\/)?[a-z0-9]{1,8}(:[a-z0-9]{1,5})?$/), (text) => {
        const full = parseImageReference(text)?.full;
        if (full !== undefined) expect(parseImageReference(full)?.full).toBe(full);
      }),
    );
  });
});
