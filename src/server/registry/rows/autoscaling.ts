import { HORIZONTAL_POD_AUTOSCALERS, type HorizontalPodAutoscaler, type MetricSpec, type MetricStatus } from '#api';
import type { ResourceRow } from '../api.ts';
import { NONE, UNKNOWN, UNSET } from '../format.ts';
import { ageColumn, column } from './column.ts';
import { allVerbs, statusOf } from './shared.ts';
import { keepStatus, startStatus } from './strategy.ts';

export const autoscalerRow: ResourceRow = {
  type: HORIZONTAL_POD_AUTOSCALERS,
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  verbs: allVerbs,
  subresources: statusOf(HORIZONTAL_POD_AUTOSCALERS),
  columns: [
    column<HorizontalPodAutoscaler>('Reference', 'string', ({ spec }) => {
      const { kind, name } = spec.scaleTargetRef;
      return `${kind}/${name}`;
    }),
    column<HorizontalPodAutoscaler>('Targets', 'string', targets),
    column<HorizontalPodAutoscaler>('MinPods', 'string', ({ spec }) => String(spec.minReplicas ?? UNSET)),
    column<HorizontalPodAutoscaler>('MaxPods', 'string', ({ spec }) => String(spec.maxReplicas)),
    column<HorizontalPodAutoscaler>('Replicas', 'string', ({ status }) => String(status?.currentReplicas ?? 0)),
    ageColumn,
  ],
  prepareForCreate: startStatus({ desiredReplicas: 0 }),
  prepareForUpdate: keepStatus,
};

const SHOWN = 2;

/** `cpu: 40%/80%, 3/5 + 1 more...`. Source: pkg/printers/internalversion/printers.go, formatHPAMetrics (v1.32). */
function targets({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec.metrics ?? [];
  if (metrics.length === 0) return NONE;
  const texts = metrics.map((metric, index) => targetOf(metric, status?.currentMetrics?.[index]));
  const shown = texts.slice(0, SHOWN).join(', ');
  return texts.length > SHOWN ? `${shown} + ${texts.length - SHOWN} more...` : shown;
}

function targetOf(metric: MetricSpec, seen: MetricStatus | undefined): string {
  const { external, object, pods, resource, containerResource } = metric;
  switch (metric.type) {
    case 'External':
      return valueOverTarget(external?.target, seen?.external?.current);
    case 'Object':
      return valueOverTarget(object?.target, seen?.object?.current);
    case 'Pods':
      return `${seen?.pods?.current.averageValue ?? UNKNOWN}/${pods?.target.averageValue ?? ''}`;
    case 'Resource':
      return `${resource?.name ?? ''}: ${shareOverTarget(resource?.target, seen?.resource?.current)}`;
    case 'ContainerResource':
      return `${containerResource?.name ?? ''}: ${shareOverTarget(containerResource?.target, seen?.containerResource?.current)}`;
    default:
      return '<unknown type>';
  }
}

interface Measure {
  readonly value?: string;
  readonly averageValue?: string;
  readonly averageUtilization?: number;
}

function valueOverTarget(target: Measure | undefined, current: Measure | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`;
  return `${current?.value ?? UNKNOWN}/${target?.value ?? ''}`;
}

function shareOverTarget(target: Measure | undefined, current: Measure | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue}`;
  const percent = (value: number | undefined, absent: string) => (value === undefined ? absent : `${value}%`);
  return `${percent(current?.averageUtilization, UNKNOWN)}/${percent(target?.averageUtilization, '<auto>')}`;
}
