import { fields, textAt } from './fields.ts';
import { degraded, type HealthRule, healthy, progressing } from './health.ts';

/** Source: gitops-engine pkg/health/health_pvc.go. */
export const claimHealth: HealthRule = ({ status }) => {
  switch (textAt(fields(status), 'phase')) {
    case 'Bound':
      return healthy;
    case 'Lost':
      return degraded('The volume behind the claim is lost');
    default:
      return progressing('Waits for a volume');
  }
};
