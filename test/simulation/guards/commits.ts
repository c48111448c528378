import type { KubeObject, SyncRun } from '#api';
import { BrokenPromise, type Guard } from '../promises.ts';

export interface Commits {
  /** What a commit declares: objects by `kind/name`. */
  objectsOf(commit: string): ReadonlyMap<string, KubeObject>;
}

const KINDS = new Set([
  'cronjobs.batch',
  'daemonsets.apps',
  'deployments.apps',
  'jobs.batch',
  'services',
  'statefulsets.apps',
]);

/**
 * P05: what a run applies is all of its one commit. P16: sync deletes nothing that the commit of its run declares, and
 * nothing without a run.
 */
export function guardCommits(commits: Commits): Guard {
  /** The commit of the newest run, and of the one before it, whose last writes may still come. */
  let revisions: readonly string[] = [];
  return {
    see({ actor, changed }) {
      for (const { resource, after } of changed) {
        if (resource !== 'syncruns.plumbline.dev' || after === undefined) continue;
        const { revision } = (after as SyncRun).spec;
        if (revisions[0] !== revision) revisions = [revision, ...revisions].slice(0, 2);
      }
      if (actor.loop !== 'sync') return;
      for (const { resource, before, after } of changed) {
        if (!KINDS.has(resource)) continue;
        const object = (after ?? before) as KubeObject;
        const id = `${object.kind}/${object.metadata.name}`;
        const declared = revisions.map((revision) => commits.objectsOf(revision).get(id));
        const going = after === undefined || after.metadata['deletionTimestamp'] !== undefined;
        if (going && declared.every((each) => each !== undefined)) {
          throw new BrokenPromise('P16', `${id} was deleted, and commit ${revisions[0]?.slice(0, 7)} declares it`);
        }
        if (!going && !declared.some((each) => each !== undefined && imageOf(each) === imageOf(object))) {
          throw new BrokenPromise('P05', `${id} was applied as commit ${revisions[0]?.slice(0, 7)} does not say`);
        }
      }
    },
  };
}

interface Templated {
  readonly template?: { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } };
}

function imageOf({ spec }: KubeObject): string | undefined {
  const { template, jobTemplate } = (spec ?? {}) as Templated & {
    readonly jobTemplate?: { readonly spec?: Templated };
  };
  return (template ?? jobTemplate?.spec?.template)?.spec?.containers?.[0]?.image;
}
