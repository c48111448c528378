import { BrokenPromise, type RunningContainer } from '../promises.ts';

/** P11: in the whole world, on whatever machine and whoever knows of it, no two containers run as the same pod of the same name. */
export function assertOneOfEachName(running: readonly RunningContainer[]): void {
  const seen = new Map<string, RunningContainer>();
  for (const each of running) {
    const id = `${each.namespace}/${each.podName}/${each.container}`;
    const other = seen.get(id);
    if (other !== undefined) {
      const places = other.node === each.node ? `twice on ${each.node}` : `on ${other.node} and on ${each.node}`;
      throw new BrokenPromise('P11', `${each.podName} runs ${places}`);
    }
    seen.set(id, each);
  }
}
