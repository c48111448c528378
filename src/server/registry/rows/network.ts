import { ENDPOINT_SLICES, type EndpointSlice } from '#api';
import type { ResourceRow } from '../api.ts';
import { formatFirst, UNSET } from '../format.ts';
import { ageColumn, column } from './column.ts';
import { allVerbs } from './shared.ts';
import { countGeneration, firstGeneration } from './strategy.ts';

export const endpointSliceRow: ResourceRow = {
  type: ENDPOINT_SLICES,
  singular: 'endpointslice',
  verbs: allVerbs,
  columns: [
    column<EndpointSlice>('AddressType', 'string', ({ addressType }) => addressType),
    column<EndpointSlice>('Ports', 'string', ({ ports }) =>
      formatFirst(
        (ports ?? []).map((each) => String(each.port ?? '*')),
        UNSET,
      ),
    ),
    column<EndpointSlice>('Endpoints', 'string', ({ endpoints }) =>
      formatFirst(
        (endpoints ?? []).flatMap((each) => each.addresses),
        UNSET,
      ),
    ),
    ageColumn,
  ],
  prepareForCreate: firstGeneration,
  prepareForUpdate: countGeneration(),
};
