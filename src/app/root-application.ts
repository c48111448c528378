import { APPLICATIONS } from '#api';
import type { Client } from '#client';
import type { RootRepository } from './config.ts';

/** The Application that `plumb up` makes; everything else comes from Git. */
export const ROOT_APPLICATION = 'root';
const MANAGER = 'plumb-up';

/**
 * Points the root Application at a repository. It syncs and heals by itself, and prunes: an Application that leaves Git is
 * let go of, which deletes nothing of what it kept unless it asks for that.
 */
export async function applyRootApplication(
  client: Client,
  { repository, path, revision }: RootRepository,
): Promise<void> {
  await client.apply(
    APPLICATIONS,
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata: { name: ROOT_APPLICATION, namespace: 'argocd' },
      spec: {
        project: 'default',
        source: { repoURL: repository, path, targetRevision: revision },
        destination: { name: 'in-cluster', namespace: 'argocd' },
        syncPolicy: { automated: { prune: true, selfHeal: true } },
      },
    },
    { fieldManager: MANAGER, force: true },
  );
}
