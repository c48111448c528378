/** Source: kube-aggregator pkg/apis/apiregistration/v1/types.go (v0.32); kubernetes-types has none of it. */
import type { StoredMeta } from '../meta/object.ts';

export interface ApiServiceCondition {
  type: string;
  status: string;
  lastTransitionTime?: string;
  reason?: string;
  message?: string;
}

export interface ApiServiceSpec {
  /** Absent where this server answers for the version itself. */
  service?: { namespace?: string; name?: string; port?: number };
  group?: string;
  version?: string;
  insecureSkipTLSVerify?: boolean;
  /** Base64. */
  caBundle?: string;
  groupPriorityMinimum: number;
  versionPriority: number;
}

/** A version of an API group, and who serves it. */
export interface ApiService {
  apiVersion: string;
  kind: string;
  metadata: StoredMeta;
  spec: ApiServiceSpec;
  status?: { conditions?: ApiServiceCondition[] };
  [field: string]: unknown;
}
