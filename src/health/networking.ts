import { fields, listAt } from './fields.ts';
import { type HealthRule, healthy, progressing } from './health.ts';

const hasAddress = (status: unknown) => listAt(fields(fields(status)['loadBalancer']), 'ingress').length > 0;

/** Source: gitops-engine pkg/health/health_service.go. */
export const serviceHealth: HealthRule = ({ spec, status }) =>
  fields(spec)['type'] === 'LoadBalancer' && !hasAddress(status)
    ? progressing('Waits for an address of the load balancer')
    : healthy;

/** Source: gitops-engine pkg/health/health_ingress.go. */
export const ingressHealth: HealthRule = ({ status }) =>
  hasAddress(status) ? healthy : progressing('Waits for an address');
