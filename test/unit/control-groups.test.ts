import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');

/**
 * Where v1 and v2 differ: the place of control groups, and the files in them. Source: the kernel's
 * admin-guide/cgroup-v2.rst and admin-guide/cgroup-v1.
 */
const FIGURES = [
  /sys\/fs\/cgroup/,
  /\bmemory\.(current|usage_in_bytes|limit_in_bytes|max_usage_in_bytes|stat|events|peak|high|oom_control|pressure)\b/,
  /\bcpu\.(stat|weight|shares|cfs_\w+|pressure)\b|\bcpuacct\.\w+/,
  /\bpids\.(current|max|events|peak)\b/,
  /\bio\.(stat|max|pressure)\b|\bblkio\.\w+/,
  /\bcgroup\.(procs|events|kill|controllers)\b/,
];
/** `/proc/PID/cgroup` names the container of a process in either version, and holds no figure. */
const WHOSE = /`\/proc\/\$\{pid\}\/cgroup`/g;
const ASKS_WHOSE = ['src/network/linux/dial-pod.ts', 'src/runtime/docker/signal-inside.ts'];

/** What of a source reads control groups. */
function readings(text: string): readonly string[] {
  const rest = text.replace(WHOSE, '');
  const found = [...FIGURES, /\/cgroups?\b/].flatMap((pattern) => pattern.exec(rest)?.[0] ?? []);
  return [...new Set(found)];
}

describe('figures of containers', () => {
  it.each([
    ['a place of v2', "readFile('/sys/fs/cgroup/memory.current')", ['sys/fs/cgroup', 'memory.current', '/cgroup']],
    ['a file of v1', 'path.join(group, "cpuacct.usage")', ['cpuacct.usage']],
    ['a count of processes', 'join(folder, `pids.current`)', ['pids.current']],
    ["this process's own group", "readFile('/proc/self/cgroup')", ['/cgroup']],
    ['whose a process is', 'readFile(`/proc/$' + '{pid}/cgroup`)', []],
    ["Docker's answer", 'sample.memory_stats.usage - stats.inactive_file', []],
  ])('are known by %s', (_name, text, expected) => {
    expect(readings(text)).toEqual(expected);
  });

  it("come by Docker's API alone, so that control groups v1 and v2 behave alike", async () => {
    const files = (await readdir(path.join(ROOT, 'src'), { recursive: true }))
      .map((file) => `src/${file}`)
      .filter((file) => file.endsWith('.ts') && !/\.(test|contract)\.ts$|\/generated\//.test(file));
    expect(files.length).toBeGreaterThan(100);
    const sources = await Promise.all(
      files.map(async (file) => ({ file, text: await readFile(path.join(ROOT, file), 'utf8') })),
    );
    const faulty = sources
      .map(({ file, text }) => ({ file, found: readings(text) }))
      .filter(({ found }) => found.length);
    expect(faulty).toEqual([]);
    const asking = sources.filter(({ text }) => text.match(WHOSE) !== null).map(({ file }) => file);
    expect(asking.sort()).toEqual(ASKS_WHOSE);
  });
});
