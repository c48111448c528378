/** Rules of Argo CD's kinds and of our own. */
import { equalJson } from '#base';
import type {
  Application,
  ApplicationSet,
  ApplicationSource,
  AppProject,
  IgnoreDifference,
  Inventory,
  RenderedSet,
  SyncRun,
  SyncWindow,
} from '../kinds/plumbline.ts';
import { parseCron } from '../values/cron.ts';
import { parseDuration } from '../values/duration.ts';
import { isTimeZone } from '../values/time-zone.ts';
import {
  checked,
  checkedText,
  type Issues,
  itemsOf,
  type Loose,
  notNegativeNumber,
  requiredOneOf,
  requiredText,
} from './checks.ts';
import { forbidden, invalid, required, tooLong } from './issues.ts';
import { dns1123Label, dns1123Subdomain } from './names.ts';

/** One chunk of rendered objects, in bytes: small enough for every store. */
export const MAX_RENDERED_SET_BYTES = 512 * 1024;

const MAX_URL_CHARACTERS = 2048;
const MAX_REVISION_CHARACTERS = 255;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\u0000-\u001f\u007f]/;

export function* validateApplication({ spec = {} }: Loose<Application>): Issues {
  const { source, sources = [], destination, syncPolicy } = spec;
  if (source === undefined && sources.length === 0) yield required('spec.source', 'source or sources is required');
  if (source !== undefined) yield* validateSource(source, 'spec.source');
  yield* itemsOf('spec.sources', sources, validateSource);
  if (destination?.name && destination.server) {
    yield invalid('spec.destination', destination, "can't have both name and server defined");
  }
  yield* checkedText('spec.destination.namespace', destination?.namespace, dns1123Label);
  yield* itemsOf('spec.ignoreDifferences', spec.ignoreDifferences, validateIgnored);
  yield* notNegativeNumber('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  const backoff = syncPolicy?.retry?.backoff;
  yield* checkedText('spec.syncPolicy.retry.backoff.duration', backoff?.duration, duration);
  yield* checkedText('spec.syncPolicy.retry.backoff.maxDuration', backoff?.maxDuration, duration);
  yield* checked('spec.syncPolicy.retry.backoff.factor', backoff?.factor, (factor) =>
    factor >= 1 ? undefined : 'must be greater than or equal to 1',
  );
}

function* validateSource(source: Loose<ApplicationSource>, path: string): Issues {
  yield* requiredText(`${path}.repoURL`, source.repoURL, repositoryUrl);
  yield* checkedText(`${path}.path`, source.path, pathInRepository);
  yield* checkedText(`${path}.targetRevision`, source.targetRevision, revision);
}

function* validateIgnored(rule: Loose<IgnoreDifference>, path: string): Issues {
  yield* requiredText(`${path}.kind`, rule.kind);
  yield* itemsOf(`${path}.jsonPointers`, rule.jsonPointers, (pointer, at) =>
    checked(at, pointer, (text) =>
      text.startsWith('/') ? undefined : 'must be a JSON pointer, such as /spec/replicas',
    ),
  );
}

/** Generators of one ApplicationSet, those inside of others not counted. */
const MAX_GENERATORS = 64;
/** Sync windows of one project. */
const MAX_WINDOWS = 200;

export function* validateApplicationSet({ spec = {} }: Loose<ApplicationSet>): Issues {
  const { generators = [], template } = spec;
  if (generators.length === 0) yield required('spec.generators');
  if (generators.length > MAX_GENERATORS) {
    yield invalid('spec.generators', generators.length, `must have at most ${MAX_GENERATORS} items`);
  }
  yield* itemsOf('spec.generators', generators, (generator, at) =>
    checked(at, generator, (fields) =>
      Object.keys(fields).some((field) => field !== 'selector') ? undefined : 'must name a generator, such as list',
    ),
  );
  const name = template?.metadata?.['name'];
  if (typeof name !== 'string' || name === '') yield required('spec.template.metadata.name');
}

export function* validateAppProject({ spec = {} }: Loose<AppProject>): Issues {
  const { syncWindows = [] } = spec;
  if (syncWindows.length > MAX_WINDOWS) {
    yield invalid('spec.syncWindows', syncWindows.length, `must have at most ${MAX_WINDOWS} items`);
  }
  yield* itemsOf('spec.syncWindows', syncWindows, validateWindow);
}

function* validateWindow(window: Loose<SyncWindow>, path: string): Issues {
  yield* requiredOneOf(`${path}.kind`, window.kind, ['allow', 'deny']);
  yield* requiredText(`${path}.schedule`, window.schedule, (text) => {
    const parsed = parseCron(text);
    return typeof parsed === 'string' ? parsed : undefined;
  });
  yield* requiredText(`${path}.duration`, window.duration, duration);
  yield* checkedText(`${path}.timeZone`, window.timeZone, (zone) =>
    isTimeZone(zone) ? undefined : 'must be the name of a time zone, such as Europe/Berlin',
  );
  const all = [...(window.applications ?? []), ...(window.namespaces ?? []), ...(window.clusters ?? [])];
  if (all.length === 0) yield required(path, 'one of applications, namespaces and clusters is required');
}

const duration = (text: string) =>
  /^\d+$/.test(text) || parseDuration(text) !== undefined ? undefined : 'must be a duration, such as 30s or 5m';

const repositoryUrl = (text: string) =>
  text.length <= MAX_URL_CHARACTERS && !CONTROL.test(text) && !text.startsWith('-')
    ? undefined
    : 'must be the URL of a Git repository';

/** One message for all that leads out, so that it tells nothing about what is there. */
const pathInRepository = (text: string) => {
  const parts = text.replaceAll(/%2e/gi, '.').replaceAll('\\', '/').split('/');
  const leadsOut = text.startsWith('/') || text.startsWith('\\') || parts.includes('..') || CONTROL.test(text);
  return leadsOut ? 'must be a path inside the repository' : undefined;
};

const revision = (text: string) => {
  const isSafe = text.length <= MAX_REVISION_CHARACTERS && !/^-|\.\.|@\{|\\/.test(text) && !CONTROL.test(text);
  return isSafe ? undefined : 'must be a branch, a tag or a commit';
};

export function* validateSyncRun({ spec = {} }: Loose<SyncRun>): Issues {
  yield* requiredText('spec.application', spec.application, dns1123Subdomain);
}

export function* validateSyncRunStatus({ status }: Loose<SyncRun>): Issues {
  yield* notNegativeNumber('status.durationMs', status?.durationMs);
}

/** History is not rewritten. */
export function* validateSyncRunUpdate({ spec }: Loose<SyncRun>, { spec: old }: Loose<SyncRun>): Issues {
  if (!equalJson(spec, old)) yield forbidden('spec', 'field is immutable');
}

export function* validateRenderedSet({ data = '' }: Loose<RenderedSet>): Issues {
  if (Buffer.byteLength(data) > MAX_RENDERED_SET_BYTES) yield tooLong('data', MAX_RENDERED_SET_BYTES);
}

export function* validateRenderedSetUpdate({ data }: Loose<RenderedSet>, old: Loose<RenderedSet>): Issues {
  if (data !== old.data) yield forbidden('data', 'field is immutable');
}

export function* validateInventory({ application, entries }: Loose<Inventory>): Issues {
  yield* requiredText('application', application);
  yield* itemsOf('entries', entries, (entry, at) => notNegativeNumber(`${at}.line`, entry.line));
}

export function* validateInventoryUpdate({ application }: Loose<Inventory>, old: Loose<Inventory>): Issues {
  if (application !== old.application) yield invalid('application', application, 'field is immutable');
}
