import { fields } from './fields.ts';
import { type HealthRule, healthy, progressing } from './health.ts';

export const namespaceHealth: HealthRule = ({ status }) =>
  fields(status)['phase'] === 'Terminating' ? progressing('Pending deletion') : healthy;
