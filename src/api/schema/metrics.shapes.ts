/** The shapes of metrics.k8s.io. Notation: shapes.ts. Source: k8s.io/metrics pkg/apis/metrics/v1beta1/types.go (v0.32). */
export const METRICS_GROUPS: Readonly<Record<string, string>> = { metrics: 'metrics.k8s.io' };

const kind = '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; timestamp! time; window! string';
const list = (item: string) => `@kind apiVersion string; items! []${item}; kind string; metadata meta.v1.ListMeta`;

export const METRICS_SHAPES: Readonly<Record<string, string>> = {
  'metrics.v1beta1.NodeMetrics': `${kind}; usage! {}quantity`,
  'metrics.v1beta1.NodeMetricsList': list('NodeMetrics'),
  'metrics.v1beta1.PodMetrics': `${kind}; containers! []ContainerMetrics atomic`,
  'metrics.v1beta1.PodMetricsList': list('PodMetrics'),
  'metrics.v1beta1.ContainerMetrics': 'name! string; usage! {}quantity',
};
