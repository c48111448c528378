/** Bottom to top. A room may import only rooms on LOWER floors; never sideways, never up. See ARCHITECTURE.md. */
export const FLOORS = [
  ['base'],
  ['api'],
  ['diff', 'health', 'scheduler', 'render'],
  ['store', 'git', 'runtime', 'network', 'client', 'streams'],
  ['reconcile'],
  ['controllers', 'sync', 'node-agent', 'server'],
  ['app'],
  ['cli'],
];

/** Narrower than "everything below": the complete list of rooms each room may enter. */
export const MAY_IMPORT = {
  store: ['base', 'api'],
  git: ['base', 'api'],
  runtime: ['base', 'api'],
  network: ['base', 'api'],
  client: ['base', 'api'],
  streams: ['base'],
  reconcile: ['base', 'api', 'client'],
  controllers: ['base', 'api', 'health', 'scheduler', 'client', 'reconcile'],
  sync: ['base', 'api', 'diff', 'health', 'render', 'git', 'client', 'reconcile'],
  'node-agent': ['base', 'api', 'runtime', 'network', 'client', 'streams', 'reconcile'],
  server: ['base', 'api', 'scheduler', 'store', 'client', 'streams'],
  cli: ['base', 'api', 'diff', 'health', 'scheduler', 'git', 'render', 'client', 'app'],
  ui: ['api'],
};

/** Rooms whose code is a function of its arguments: no I/O, no clock, no chance. They may hash through `base`. */
export const PURE_ROOMS = ['api', 'diff', 'health', 'scheduler', 'render'];

/** Files that are held to the same, wherever they stand: decisions, and what decisions are told in. */
export const PURE_FILES = '\\.(plan|types)\\.ts$';

/** npm packages that a room's pure code may use: each a function of its arguments, or types alone. All others are refused. */
export const PURE_MAY_USE = {
  api: ['yaml', 'kubernetes-types'],
  diff: ['diff'],
  network: ['dns-packet'],
  // Compiles the values.schema.json of charts; looks nothing up.
  render: ['ajv'],
};

/** Rooms that may start a process of their own. */
export const MAY_SPAWN = ['git', 'runtime', 'network', 'sync', 'app', 'cli'];
