import { SERVED_VERSIONS } from '#api';
import type { ResourceRow } from './api.ts';
import { resourcePrefix } from './keys.ts';
import { autoscalerRow } from './rows/autoscaling.ts';
import { certificateSigningRequestRow } from './rows/certificates.ts';
import { podDisruptionBudgetRow, priorityClassRow, runtimeClassRow } from './rows/classes.ts';
import { namespaceRow, nodeRow } from './rows/cluster.ts';
import { configMapRow, leaseRow, secretRow, serviceAccountRow } from './rows/config.ts';
import { definitionRow } from './rows/definitions.ts';
import { eventRow } from './rows/events.ts';
import { apiServiceRow, csiNodeRow, mutatingWebhookRow, validatingWebhookRow } from './rows/extension.ts';
import { cronJobRow, jobRow } from './rows/jobs.ts';
import { limitRangeRow, resourceQuotaRow } from './rows/limits.ts';
import { nodeMetricsRow, podMetricsRow } from './rows/metrics.ts';
import { endpointSliceRow, endpointsRow, ingressClassRow, ingressRow, networkPolicyRow } from './rows/network.ts';
import {
  applicationRow,
  applicationSetRow,
  appProjectRow,
  inventoryRow,
  renderedSetRow,
  syncRunRow,
} from './rows/plumbline.ts';
import { podRow } from './rows/pods.ts';
import { clusterRoleBindingRow, clusterRoleRow, roleBindingRow, roleRow } from './rows/rbac.ts';
import { reviewRows } from './rows/reviews.ts';
import { serviceRow } from './rows/services.ts';
import { persistentVolumeClaimRow, persistentVolumeRow, storageClassRow } from './rows/storage.ts';
import {
  controllerRevisionRow,
  daemonSetRow,
  deploymentRow,
  podTemplateRow,
  replicaSetRow,
  replicationControllerRow,
  statefulSetRow,
} from './rows/workloads.ts';
import { servedRow } from './versions.ts';

/** Every served resource in its stored version, in the order of discovery. A new kind is a new row. */
export const RESOURCE_ROWS: readonly ResourceRow[] = [
  namespaceRow,
  nodeRow,
  podRow,
  serviceRow,
  configMapRow,
  secretRow,
  serviceAccountRow,
  eventRow,
  limitRangeRow,
  resourceQuotaRow,
  persistentVolumeRow,
  persistentVolumeClaimRow,
  endpointsRow,
  replicationControllerRow,
  podTemplateRow,
  replicaSetRow,
  deploymentRow,
  statefulSetRow,
  daemonSetRow,
  controllerRevisionRow,
  jobRow,
  cronJobRow,
  autoscalerRow,
  podDisruptionBudgetRow,
  priorityClassRow,
  runtimeClassRow,
  endpointSliceRow,
  leaseRow,
  ingressRow,
  ingressClassRow,
  networkPolicyRow,
  roleRow,
  roleBindingRow,
  clusterRoleRow,
  clusterRoleBindingRow,
  storageClassRow,
  certificateSigningRequestRow,
  csiNodeRow,
  validatingWebhookRow,
  mutatingWebhookRow,
  apiServiceRow,
  definitionRow,
  applicationRow,
  applicationSetRow,
  appProjectRow,
  syncRunRow,
  renderedSetRow,
  inventoryRow,
];

/** Questions that are asked like objects are made. */
export const REVIEW_ROWS: readonly ResourceRow[] = reviewRows;

/** What is asked of the nodes, and stored nowhere. */
export const METRICS_ROWS: readonly ResourceRow[] = [nodeMetricsRow, podMetricsRow];

/** The same resources in the other versions in which they are served. */
export const OTHER_VERSION_ROWS: readonly ResourceRow[] = SERVED_VERSIONS.flatMap((version) =>
  RESOURCE_ROWS.filter(({ type }) => type === version.stored).map((row) => servedRow(row, version)),
);

const encryptedPrefixes = RESOURCE_ROWS.filter((row) => row.encrypted === true).map((row) => resourcePrefix(row.type));

/** Whether the store has to encrypt the value of this key: Secrets and what was rendered from them. */
export function isEncryptedKey(storeKey: string): boolean {
  return encryptedPrefixes.some((prefix) => storeKey.startsWith(prefix));
}
