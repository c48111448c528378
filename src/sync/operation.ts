import type { Application, ApplicationOperation } from '#api';
import { isApiError } from '#api';
import { formatTime } from '#base';
import type { ApplicationSettings } from './application.plan.ts';
import type { ApplicationState } from './state.ts';
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

/** Why nothing of a request can be done, although what Git says is known. */
export function operationProblem(
  { sources, pinned }: ApplicationSettings,
  operation: ReadyOperation | undefined,
): string | undefined {
  const revision = operation?.sync?.revision;
  if (revision === undefined || revision === '' || revision === sources[0]?.revision) return undefined;
  if (pinned !== undefined)
    return `a sync to another revision (${revision}) than the pinned one (${pinned.commit}) is not possible: unpin it first`;
  return `a sync to another revision (${revision}) than that of the Application is not supported: change its targetRevision`;
}
