import type { Application, ApplicationOperation } from '#api';
import { isApiError } from '#api';
import { formatTime } from '#base';
import type { ApplicationSettings } from './application.plan.ts';
import type { ApplicationState } from './state.ts';
import type { SyncPlan, SyncStep } from './sync.types.ts';
import { applicationOf, patchApplication, type World } from './world.ts';

/** A request to sync that is to be answered now. */
export interface ReadyOperation extends ApplicationOperation {
  readonly id: string;
}

/**
 * The request that may be answered now: before, Git is asked for its newest commit, as whoever asks expects what was
 * pushed a moment ago. One that was answered before a crash is only taken off.
 */
export async function readyOperation(
  world: World,
  key: string,
  settings: ApplicationSettings,
  state: ApplicationState,
): Promise<ReadyOperation | undefined> {
  const application = applicationOf(world, key);
  const { operation } = application ?? {};
  if (application === undefined || operation === undefined) {
    state.asked = undefined;
    return undefined;
  }
  const id = operation.id ?? '';
  if (application.status?.lastOperation?.id === id) {
    await takeOff(world, key, application);
    return undefined;
  }
  if (state.asked?.id !== id) {
    state.asked = { id, atMs: world.clock.monotonicMs() };
    for (const { repoURL } of settings.sources) world.repositories.hint(repoURL, 'refresh');
  }
  const { atMs } = state.asked;
  const isFresh = settings.sources.every(({ repoURL }) => {
    const { lookedAtMs } = world.repositories.use(repoURL);
    return lookedAtMs !== undefined && lookedAtMs >= atMs;
  });
  return isFresh ? { ...operation, id } : undefined;
}

/** Says what becomes of a request, and takes it off, as Argo CD's clients expect. In this order: no answer is lost. */
export async function answerOperation(
  world: World,
  key: string,
  operation: ReadyOperation | undefined,
  answer: { readonly run?: string; readonly message?: string },
): Promise<void> {
  const asked = applicationOf(world, key);
  if (operation === undefined || asked === undefined) return;
  const { id, initiatedBy } = operation;
  if (asked.status?.lastOperation?.id === id) return takeOff(world, key, asked);
  const lastOperation = {
    id,
    ...(initiatedBy === undefined ? {} : { initiatedBy }),
    answeredAt: formatTime(world.clock.nowMs()),
    run: answer.run ?? null,
    message: answer.message ?? null,
  };
  await patchApplication(world, key, { type: 'merge', body: { status: { lastOperation } } }, 'status');
  const application = applicationOf(world, key);
  if (application !== undefined) await takeOff(world, key, application);
}

async function takeOff(world: World, key: string, { metadata: { resourceVersion } }: Application): Promise<void> {
  try {
    await patchApplication(world, key, { type: 'merge', body: { metadata: { resourceVersion }, operation: null } });
  } catch (error) {
    // Perhaps another request stands there by now. The next turn sees, and knows that this one is answered.
    if (!isApiError(error, 'Conflict')) throw error;
    world.log.debug({ application: key }, 'an answered request to sync changed meanwhile');
    world.wake(key);
  }
}

/**
 * Why nothing of a request can be done, although what Git says is known. What narrows or changes a sync is never passed
 * over: a whole sync in place of a part of it would touch what nobody asked to be touched.
 */
export function operationProblem(
  { spec }: Pick<Application, 'spec'>,
  { sources, pinned }: Pick<ApplicationSettings, 'sources' | 'pinned'>,
  operation: ApplicationOperation | undefined,
): string | undefined {
  const { revision = '', revisions = [], syncOptions = [], syncStrategy, ...rest } = operation?.sync ?? {};
  const [target = ''] = sources.map((source) => source.revision);
  if (![revision, ...revisions.slice(0, 1)].every((asked) => asked === '' || nameOf(asked) === nameOf(target))) {
    if (pinned !== undefined)
      return `a sync to another revision (${revision || revisions[0]}) than the pinned one (${pinned.commit}) is not possible: unpin it first`;
    return `a sync to another revision (${revision || revisions[0]}) than that of the Application is not supported: change its targetRevision`;
  }
  const other = revisions.findIndex(
    (asked, index) => asked !== '' && nameOf(asked) !== nameOf(sources[index]?.revision),
  );
  if (other >= 0)
    return `a sync to another revision (${revisions[other]}) than that of spec.sources[${other}] is not supported: change its targetRevision`;
  const narrowing = (['resources', 'manifests', 'source', 'sources'] as const).find((field) => isSet(rest[field]));
  if (narrowing !== undefined)
    return `operation.sync.${narrowing} is not supported, and nothing was synced: leave it out to sync all that Git says`;
  const declared = new Set(spec.syncPolicy?.syncOptions ?? []);
  const option = syncOptions.find((one) => !declared.has(one));
  if (option !== undefined)
    return `operation.sync.syncOptions: ${option} is not one of the Application's, and nothing was synced: add it to spec.syncPolicy.syncOptions`;
  if (isSet(syncStrategy?.apply))
    return 'operation.sync.syncStrategy.apply, a sync without hooks, is not supported, and nothing was synced: use "hook"';
  if (syncStrategy?.hook?.force === true)
    return 'operation.sync.syncStrategy.hook.force is not supported, and nothing was synced: annotate the objects with Force=true';
  return undefined;
}

/** `HEAD` is how clients write the default branch, which an Application names by naming none. */
const nameOf = (revision = '') => (revision === 'HEAD' ? '' : revision);

function isSet(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null;
}

/** What a run would do now, for who asked for no more than to be told. */
export function dryRunWords({ steps, refused, verdict }: SyncPlan): string {
  const count = (action: SyncStep['action']) => steps.filter((step) => step.action === action).length;
  const told = `dry run: a sync would create ${count('create')}, change ${count('configure')}, delete ${count('prune')}`;
  const isRefused = refused.length === 0 ? '' : `; ${refused.length} cannot be applied: ${refused[0]?.message}`;
  return `${told}${isRefused}${verdict.blocked ? `; it would wait for approval: ${verdict.reasons.join('; ')}` : ''}`;
}
