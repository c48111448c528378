/** Weights of wishes, each 0–100, against the two resource scores. Source: kubernetes pkg/scheduler/apis/config/v1/default_plugins.go (v1.32). */
export const WEIGHTS = { taint: 3, nodeAffinity: 2, podAffinity: 2, spread: 2, images: 1 } as const;
