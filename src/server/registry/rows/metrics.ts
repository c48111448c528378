import { addQuantities, formatQuantity, NODE_METRICS, POD_METRICS, type StoredObject, type UsageAmounts } from '#api';
import type { ResourceRow } from '../api.ts';
import { column } from './column.ts';

interface Measured extends StoredObject {
  readonly window: string;
  readonly usage?: UsageAmounts;
  readonly containers?: readonly { readonly usage: UsageAmounts }[];
}

/** Source: metrics-server pkg/api/table.go (v0.7). */
const columns = [
  column<Measured>('cpu', 'string', (object) => totalOf(object, 'cpu')),
  column<Measured>('memory', 'string', (object) => totalOf(object, 'memory')),
  column<Measured>('Window', 'string', ({ window }) => window),
];

function totalOf({ usage, containers = [] }: Measured, amount: keyof UsageAmounts): string {
  const [first = '0', ...rest] = [...(usage === undefined ? [] : [usage]), ...containers.map((each) => each.usage)].map(
    (each) => each[amount],
  );
  return rest.reduce((sum: string, each) => formatQuantity(addQuantities(sum, each)), first);
}

/** What nodes and pods use: asked of the nodes, see server/metrics. */
export const nodeMetricsRow: ResourceRow = {
  type: NODE_METRICS,
  singular: '',
  verbs: ['get', 'list'],
  columns,
  virtual: true,
};

export const podMetricsRow: ResourceRow = {
  type: POD_METRICS,
  singular: '',
  verbs: ['get', 'list'],
  columns,
  virtual: true,
};
