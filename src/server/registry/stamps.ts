import type { Application, KubeObject, StoredObject, SyncRun } from '#api';
import { equalJson, formatTime } from '#base';
import type { UserInfo } from './api.ts';

interface By {
  readonly user: UserInfo;
  readonly nowMs: number;
}

/**
 * A request to sync gets the name of whoever is logged in, and an id by which its answer is known. The id is the version
 * of the Application that the request was written on: no two requests can be written on the same one.
 */
export function stampOperation(object: KubeObject, old: StoredObject | undefined, { user }: By): KubeObject {
  const { operation } = object as unknown as Application;
  if (operation === undefined || equalJson(operation, old?.['operation'])) return object;
  const id = old?.metadata.resourceVersion ?? '0';
  return { ...object, operation: { ...operation, id, initiatedBy: { username: user.name } } };
}

/** An approval is by whoever is logged in, now. */
export function stampApproval(object: KubeObject, old: StoredObject | undefined, { user, nowMs }: By): KubeObject {
  const { status } = object as unknown as SyncRun;
  if (status?.approval === undefined) return object;
  if (equalJson(status.approval, (old as SyncRun | undefined)?.status?.approval)) return object;
  return { ...object, status: { ...status, approval: { by: user.name, at: formatTime(nowMs) } } };
}
