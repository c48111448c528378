import {
  CONFIG_MAPS,
  type ConfigMap,
  LEASES,
  type Lease,
  SECRETS,
  SERVICE_ACCOUNTS,
  type Secret,
  type ServiceAccount,
} from '#api';
import type { ResourceRow } from '../api.ts';
import { ageColumn, column } from './column.ts';
import { allVerbs } from './shared.ts';

const count = (map: object | undefined) => Object.keys(map ?? {}).length;

export const configMapRow: ResourceRow = {
  type: CONFIG_MAPS,
  singular: 'configmap',
  shortNames: ['cm'],
  verbs: allVerbs,
  columns: [
    column<ConfigMap>('Data', 'string', ({ data, binaryData }) => String(count(data) + count(binaryData))),
    ageColumn,
  ],
};

export const secretRow: ResourceRow = {
  type: SECRETS,
  singular: 'secret',
  verbs: allVerbs,
  columns: [
    column<Secret>('Type', 'string', ({ type }) => type ?? 'Opaque'),
    column<Secret>('Data', 'integer', ({ data }) => count(data)),
    ageColumn,
  ],
  fieldSelectors: { type: (object) => (object as Secret).type ?? '' },
  encrypted: true,
};

export const serviceAccountRow: ResourceRow = {
  type: SERVICE_ACCOUNTS,
  singular: 'serviceaccount',
  shortNames: ['sa'],
  verbs: allVerbs,
  subresources: {
    token: { kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1', verbs: ['create'] },
  },
  columns: [column<ServiceAccount>('Secrets', 'integer', ({ secrets }) => secrets?.length ?? 0), ageColumn],
};

export const leaseRow: ResourceRow = {
  type: LEASES,
  singular: 'lease',
  verbs: allVerbs,
  columns: [column<Lease>('Holder', 'string', ({ spec }) => spec?.holderIdentity ?? ''), ageColumn],
};
