import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '../..');

/** A module without types of its own. */
const load = (file: string): Promise<unknown> => import(pathToFileURL(path.join(ROOT, file)).href);

const { FLOORS, PURE_ROOMS } = (await load('floors.mjs')) as {
  readonly FLOORS: readonly (readonly string[])[];
  readonly PURE_ROOMS: readonly string[];
};

/** What the two checks read. */
const COPIED = [
  ...['package.json', 'tsconfig.json', '.gitignore', 'biome.json', 'floors.grit', 'floors.mjs'],
  ...['.dependency-cruiser.mjs', 'scripts', 'src', 'test/support'],
];

/** A file that must not pass, and the words of the check that must refuse it. */
interface Plant {
  readonly what: string;
  readonly file: string;
  readonly text: string;
  readonly refused: string;
}

/** Refused by a rule of the floors, named with what was reached. */
const arrow = (what: string, file: string, text: string, rule: string, to: string): Plant => ({
  what,
  file,
  text,
  refused: `error ${rule}: ${file} → ${to}`,
});

const ARROWS: readonly Plant[] = [
  arrow('going up', 'src/api/up.ts', "import '#server';", 'floor-api', 'src/server/index.ts'),
  arrow('going sideways', 'src/store/aside.ts', "import '#git';", 'floor-store', 'src/git/index.ts'),
  arrow(
    'going up for a type',
    'src/diff/t.ts',
    "import type { Client } from '#client';",
    'floor-diff',
    'src/client/index.ts',
  ),
  arrow(
    'going up while running',
    'src/base/lazy.ts',
    "export const api = import('#api');",
    'floor-base',
    'src/api/index.ts',
  ),
  arrow(
    'handing on from above',
    'src/client/again.ts',
    "export * from '#reconcile';",
    'floor-client',
    'src/reconcile/index.ts',
  ),
  arrow(
    'entering a room beside its door',
    'src/sync/window.ts',
    "import { systemClock } from '../base/clock.ts';\nexport const clock = systemClock;",
    'use-the-door',
    'src/base/clock.ts',
  ),
  arrow(
    'entering a room beside its door for a type',
    'src/sync/type-window.ts',
    "import type { Clock } from '../base/clock.ts';\nexport type Mine = Clock;",
    'use-the-door',
    'src/base/clock.ts',
  ),
  arrow(
    'a circle of types',
    'src/cli/circle-a.ts',
    "import type { B } from './circle-b.ts';\nexport type A = B | 1;",
    'no-circular',
    'src/cli/circle-b.ts',
  ),
  arrow('a file read by a decision', 'src/health/io.ts', "import 'node:fs';", 'pure-rooms-stay-pure', 'fs'),
  arrow(
    'a random number for a plan',
    'src/sync/dice.plan.ts',
    "import 'node:crypto';",
    'pure-rooms-stay-pure',
    'crypto',
  ),
  arrow(
    'a timer for the words of a plan',
    'src/sync/x.types.ts',
    "import 'node:timers';",
    'pure-rooms-stay-pure',
    'timers',
  ),
  arrow(
    'a plan that sees its shell',
    'src/git/peek.plan.ts',
    "import type { Mirror } from './mirror.ts';\nexport type M = Mirror;",
    'plan-files-see-only-plans',
    'src/git/mirror.ts',
  ),
  ...PURE_ROOMS.map((room) =>
    arrow(
      `a package nobody let into ${room}`,
      `src/${room}/package.ts`,
      "import type { Logger } from 'pino';\nexport type L = Logger;",
      `pure-packages-${room}`,
      'node_modules/pino/pino.js',
    ),
  ),
  arrow(
    'a package nobody let into a plan',
    'src/network/shade.plan.ts',
    "import colors from 'picocolors';\nexport const { red } = colors;",
    'pure-packages-network',
    'node_modules/picocolors/picocolors.js',
  ),
  arrow(
    'a process started by a decider',
    'src/controllers/ps.ts',
    "import 'node:child_process';",
    'who-may-spawn',
    'child_process',
  ),
  arrow(
    'Docker behind the back of its room',
    'src/app/engine.ts',
    "import Docker from 'dockerode';\nexport const docker = Docker;",
    'only-runtime-knows-docker',
    'node_modules/dockerode/lib/docker.js',
  ),
  arrow(
    'a test helper in the product',
    'src/app/helper.ts',
    "export { until } from '../../test/support/until.ts';",
    'no-test-in-src',
    'test/support/until.ts',
  ),
  arrow(
    'a tool of the developers in the product',
    'src/app/tool.ts',
    "export { check } from 'fast-check';",
    'no-dev-dependency',
    'node_modules/fast-check/lib/fast-check.d.ts',
  ),
  arrow('what is not there', 'src/app/void.ts', "import './nowhere.ts';", 'resolvable', './nowhere.ts'),
];

/** What a decision may not do, and the name under which it is refused. */
const DEEDS: readonly (readonly [what: string, text: string, refused: string])[] = [
  ['Date.now', 'export const at = Date.now();', 'pure-no-clock'],
  ['Date.now inside new Date', 'export const at = new Date(Date.now());', 'pure-no-clock'],
  ['new Date()', 'export const at = new Date();', 'pure-no-clock'],
  ['Date()', 'export const at = Date();', 'pure-no-clock'],
  ['a copy of Date', 'const D = Date;\nexport const at = D.now();', 'pure-no-clock'],
  ["Date['now']", "export const at = Date['now']();", 'pure-no-clock'],
  ['performance', 'export const at = performance.now();', 'global variable performance'],
  ['Math.random', 'export const dice = Math.random();', 'pure-no-chance'],
  ['a part of Math', 'const { random } = Math;\nexport const dice = random();', 'pure-no-chance'],
  ['crypto.randomUUID', 'export const id = crypto.randomUUID();', 'global variable crypto'],
  ['crypto.getRandomValues', 'export const id = crypto.getRandomValues(new Uint8Array(1));', 'global variable crypto'],
  ['process.env', "export const home = process.env['HOME'];", 'global variable process'],
  ['globalThis', 'export const env = globalThis.process.env;', 'global variable globalThis'],
  ['fetch', "export const page = fetch('http://127.0.0.1');", 'global variable fetch'],
  ['console', "console.log('x');", 'global variable console'],
  ['setTimeout', 'setTimeout(() => undefined, 1);', 'global variable setTimeout'],
  ['setInterval', 'setInterval(() => undefined, 1);', 'global variable setInterval'],
  ['queueMicrotask', 'queueMicrotask(() => undefined);', 'global variable queueMicrotask'],
  ['the clock of base', "import { systemClock } from '#base';\nexport const at = systemClock.nowMs();", 'pure-no-io'],
  ['all of base', "import * as base from '#base';\nexport const at = base.systemClock.nowMs();", 'pure-no-io'],
  ['handing on the clock of base', "export { systemClock } from '#base';", 'pure-no-io'],
  ['the order of the machine', "export const order = 'a'.localeCompare('b');", 'pure-no-locale'],
  ['the time zone of the machine', 'export const hour = (at: Date) => at.getHours();', 'pure-no-locale'],
];
/** Where it may not be done: every pure room, and plans and their words in any other. */
const PURE_PLACES: readonly (readonly [folder: string, ending: string])[] = [
  ...PURE_ROOMS.map((room) => [`src/${room}`, '.ts'] as const),
  ['src/controllers/deployment', '.plan.ts'],
  ['src/sync', '.types.ts'],
];
const PLANTED_DEEDS: readonly Plant[] = PURE_PLACES.flatMap(([folder, ending]) =>
  DEEDS.map(([what, text, refused], number) => ({
    what: `${what} in ${folder}/*${ending}`,
    file: `${folder}/deed-${number}${ending}`,
    text,
    refused,
  })),
);

/** What a decision may well do. */
const ALLOWED = `
import { shortHash } from '#base';
export const later = (nowMs: number) => new Date(nowMs + 1).toISOString();
export const between = (a: string, b: string) => Date.parse(a) - Date.UTC(2026, Number(b));
export const isDate = (value: unknown): value is Date => value instanceof Date;
export const most = (process: number, performance: number) => Math.max(process, performance, shortHash('').length);
`;

const DEFAULT_EXPORT = { file: 'src/diff/default.ts', text: 'export default 1;' };

/** Exit codes other than 0 are what is asked for here. */
async function outputOf(args: readonly string[], cwd: string): Promise<string> {
  try {
    return (await run(process.execPath, [...args], { cwd, maxBuffer: 1 << 26 })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    if (stdout === undefined || stdout === '') throw new Error(`${args[0]} printed nothing: ${stderr}`);
    return stdout;
  }
}

interface Diagnostic {
  readonly message: string;
  readonly category: string;
  readonly location: { readonly path: string };
}

describe('the floors and the pure rooms, on a copy of the product with faults planted', () => {
  let copy: string;
  let arrows: readonly string[];
  let diagnostics: readonly Diagnostic[];

  beforeAll(async () => {
    copy = await mkdtemp(path.join(tmpdir(), 'plumb-floors-'));
    for (const name of COPIED) await cp(path.join(ROOT, name), path.join(copy, name), { recursive: true });
    await symlink(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
    const planted = [
      ...ARROWS,
      ...PLANTED_DEEDS,
      { file: 'src/cli/circle-b.ts', text: "import type { A } from './circle-a.ts';\nexport type B = A | 2;" },
      DEFAULT_EXPORT,
      { file: 'src/health/allowed.ts', text: ALLOWED },
      { file: 'src/sync/allowed.plan.ts', text: ALLOWED },
    ];
    for (const { file, text } of planted) await writeFile(path.join(copy, file), `${text}\n`);
    const [floors, lint] = await Promise.all([
      outputOf(['scripts/check-floors.mjs'], copy),
      outputOf(
        [
          'node_modules/@biomejs/biome/bin/biome',
          ...['lint', '--reporter=json', '--max-diagnostics=none'],
          ...planted.map(({ file }) => file),
        ],
        copy,
      ),
    ]);
    arrows = floors.split('\n');
    diagnostics = (JSON.parse(lint) as { diagnostics: Diagnostic[] }).diagnostics;
  });
  afterAll(() => rm(copy, { recursive: true, force: true }));

  it.each(ARROWS)('refuses $what', ({ refused }) => {
    // node_modules is a link here, so that packages are named by their place outside.
    const shown = arrows.map((line) => line.replace(/→ \S*node_modules\//, '→ node_modules/'));
    expect(shown.join('\n')).toContain(refused);
  });

  it('has a fault planted for every rule of the floors', async () => {
    const { default: config } = (await load('.dependency-cruiser.mjs')) as {
      default: { forbidden: readonly { name: string }[] };
    };
    const named = new Set(arrows.map((line) => /^error (\S+):/.exec(line)?.[1]));
    const rooms = FLOORS.flat().flatMap((room) => [`floor-${room}`, `pure-packages-${room}`]);
    const silent = config.forbidden.map(({ name }) => name).filter((name) => !named.has(name));
    // Of the rules that are made in a loop over the rooms, some stand for all.
    expect(silent.filter((name) => ![...rooms, 'floor-ui'].includes(name))).toEqual([]);
  });

  it.each(PLANTED_DEEDS)('refuses $what', ({ file, refused }) => {
    const told = diagnostics.filter(({ location }) => location.path === file).map(({ message }) => message);
    expect(told.join('\n')).toContain(refused);
  });

  it('still refuses in a pure room what is refused everywhere', () => {
    expect(diagnostics).toContainEqual(
      expect.objectContaining({
        category: 'lint/style/noDefaultExport',
        location: expect.objectContaining({ path: 'src/diff/default.ts' }),
      }),
    );
  });

  it('refuses nothing that a decision may do', () => {
    const faulty = new Set([...ARROWS, ...PLANTED_DEEDS, DEFAULT_EXPORT].map(({ file }) => file));
    expect(diagnostics.filter(({ location }) => !faulty.has(location.path))).toEqual([]);
  });
});
