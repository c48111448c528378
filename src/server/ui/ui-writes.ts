import { APPLICATIONS, ApiError, type Json, type ResourceType, SYNC_RUNS, type SyncRun } from '#api';
import type { Authorize } from '../auth/authorization.types.ts';
import type { Api, RequestContext } from '../registry/api.ts';
import { rowOf } from '../registry/mirror.ts';

/** Field manager of what people do in the UI. */
const FIELD_MANAGER = 'plumbline-ui';

export interface UiWritesDeps {
  readonly api: Pick<Api, 'row' | 'get' | 'patch'>;
  readonly authorize: Authorize;
}

export interface SyncRequest {
  readonly prune?: boolean;
}

/** What the UI's buttons do, as its user. */
export interface UiWrites {
  sync(context: RequestContext, namespace: string, name: string, request: SyncRequest): Promise<void>;
  refresh(context: RequestContext, namespace: string, name: string): Promise<void>;
  /** Lets a run go on that stopped because it would delete too much; `Conflict` when it does not wait for that. */
  approve(context: RequestContext, namespace: string, name: string): Promise<void>;
}

export function createUiWrites({ api, authorize }: UiWritesDeps): UiWrites {
  async function patch(
    context: RequestContext,
    type: ResourceType,
    at: { readonly namespace: string; readonly name: string; readonly subresource?: 'status' },
    body: Json,
  ): Promise<void> {
    const { group, plural: resource } = type;
    await authorize(context.user, { verb: 'patch', group, resource, ...at });
    const row = rowOf(api, type);
    await api.patch({ context, row, ...at, patchType: 'merge', patch: body, fieldManager: FIELD_MANAGER });
  }

  return {
    sync(context, namespace, name, sync) {
      return patch(context, APPLICATIONS, { namespace, name }, { operation: { sync: { ...sync } } });
    },

    refresh(context, namespace, name) {
      const annotations = { 'argocd.argoproj.io/refresh': 'normal' };
      return patch(context, APPLICATIONS, { namespace, name }, { metadata: { annotations } });
    },

    async approve(context, namespace, name) {
      const { group, plural: resource } = SYNC_RUNS;
      await authorize(context.user, { verb: 'get', group, resource, namespace, name });
      const run = (await api.get({ context, row: rowOf(api, SYNC_RUNS), namespace, name })) as SyncRun;
      const phase = run.status?.phase;
      if (phase !== 'PruneBlocked') {
        throw new ApiError('Conflict', `the run ${name} waits for no approval: it is ${phase ?? 'not begun'}`);
      }
      // With the version that was shown: what is approved is what was read.
      const { resourceVersion } = run.metadata;
      const at = { namespace, name, subresource: 'status' as const };
      await patch(context, SYNC_RUNS, at, { metadata: { resourceVersion }, status: { approval: {} } });
    },
  };
}
