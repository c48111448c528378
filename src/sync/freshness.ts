import { GitError } from '#git';
import type { ApplicationSettings } from './application.plan.ts';
import { stateOf, type World } from './world.ts';

/** The newest state of an Application's sources is known now: others may have held back deletions until then. */
export function markRead(world: World, key: string, fetches = stateOf(world, key).fetches): void {
  const state = stateOf(world, key);
  if (state.fetchesRead === fetches) return;
  state.fetchesRead = fetches;
  for (const [other, { dropped, isContested }] of world.states) {
    if (other !== key && (dropped.size > 0 || isContested)) world.wake(other);
  }
}

/**
 * Whether an Application's sources still name the commits that it was loaded from. `newest` remembers answers: a thousand
 * Applications of one branch ask Git once.
 */
export async function hasSameCommits(
  world: World,
  key: string,
  { sources }: ApplicationSettings,
  newest: Map<string, Promise<string | undefined>>,
): Promise<boolean> {
  const { loaded, active } = stateOf(world, key);
  if (loaded === undefined || active?.pinned !== undefined || loaded.commits.length !== sources.length) return false;
  for (const [index, { repoURL, revision }] of sources.entries()) {
    const question = `${repoURL} ${revision}`;
    const commit = newest.get(question) ?? resolveNow(world, repoURL, revision);
    newest.set(question, commit);
    if ((await commit) !== loaded.commits[index]?.commit) return false;
  }
  return true;
}

async function resolveNow(world: World, repoURL: string, revision: string): Promise<string | undefined> {
  try {
    return await (await world.repositories.use(repoURL).mirror()).resolve(revision);
  } catch (error) {
    // The pass that follows says what is wrong.
    if (error instanceof GitError) return undefined;
    throw error;
  }
}
