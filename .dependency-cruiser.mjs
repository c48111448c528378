import { FLOORS, MAY_IMPORT, MAY_SPAWN, PURE_FILES, PURE_MAY_USE, PURE_ROOMS } from './floors.mjs';

const rooms = FLOORS.flat();
const below = (room) =>
  FLOORS.slice(
    0,
    FLOORS.findIndex((floor) => floor.includes(room)),
  ).flat();
const oneOf = (list) => `(${list.join('|')})`;
const allowed = (room) => MAY_IMPORT[room] ?? below(room);
const tests = '\\.(test|contract)\\.ts$';

const floorRules = [...rooms, 'ui'].map((room) => ({
  name: `floor-${room}`,
  comment: `src/${room} may import only: ${allowed(room).join(', ') || 'nothing in src'}`,
  severity: 'error',
  from: { path: `^src/${room}/`, pathNot: tests },
  to: { path: '^src/', pathNot: [`^src/${room}/`, ...allowed(room).map((r) => `^src/${r}/`)] },
}));

const packageRules = rooms.map((room) => ({
  name: `pure-packages-${room}`,
  comment: `Pure code of src/${room} may use of npm: ${(PURE_MAY_USE[room] ?? []).join(', ') || 'nothing'}`,
  severity: 'error',
  from: { path: PURE_ROOMS.includes(room) ? `^src/${room}/` : `^src/${room}/.*${PURE_FILES}`, pathNot: tests },
  to: {
    dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-bundled', 'npm-no-pkg', 'npm-unknown'],
    pathNot: (PURE_MAY_USE[room] ?? []).map((name) => `node_modules/(@types/)?${name}/`),
  },
}));

export default {
  forbidden: [
    ...floorRules,
    ...packageRules,
    {
      name: 'no-circular',
      comment: 'Counts `import type` too: type cycles are how floors get lost.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'use-the-door',
      comment: 'Another room is entered only through its index.ts; its shared contract tests, by tests.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$', '\\.contract\\.ts$'] },
    },
    {
      name: 'pure-rooms-stay-pure',
      comment:
        'Decisions take a snapshot and return a plan; they reach no I/O. What Biome refuses: biome.json, floors.grit.',
      severity: 'error',
      from: { path: [`^src/${oneOf(PURE_ROOMS)}/`, PURE_FILES], pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'plan-files-see-only-plans',
      comment: '*.plan.ts may import base, pure rooms, and other *.plan.ts or *.types.ts of its own room.',
      severity: 'error',
      from: { path: '^src/([^/]+)/.*\\.plan\\.ts$' },
      to: { path: '^src/', pathNot: [`^src/${oneOf(['base', ...PURE_ROOMS])}/`, '^src/$1/.*\\.(plan|types)\\.ts$'] },
    },
    {
      name: 'who-may-spawn',
      severity: 'error',
      from: { path: '^src/', pathNot: [`^src/${oneOf(MAY_SPAWN)}/`, tests] },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'only-runtime-knows-docker',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/runtime/docker/', tests] },
      to: { path: 'node_modules/dockerode' },
    },
    {
      name: 'no-test-in-src',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: { path: `^test/|${tests}` },
    },
    {
      name: 'no-dev-dependency',
      severity: 'error',
      from: { path: '^src/', pathNot: [tests, '^src/ui/'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.d.ts'],
    },
  },
};
