/** Why a filter refuses a node. */
export interface Refusal {
  readonly filter: string;
  /** In Kubernetes' words; several when several resources are short. */
  readonly reasons: readonly string[];
  /**
   * Whether the node might do if pods left it. Source: kubernetes pkg/scheduler/framework/interface.go, the codes
   * Unschedulable and UnschedulableAndUnresolvable of each filter (v1.32).
   */
  readonly resolvable: boolean;
}
