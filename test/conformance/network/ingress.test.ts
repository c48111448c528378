/** Source: kubernetes test/e2e/network: ingress.go, ingressclass.go, endpointslice.go (v1.32). */
import { afterAll, beforeAll, it } from 'vitest';
import { ENDPOINT_SLICES, INGRESS_CLASSES, INGRESSES } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { expectOperations } from '../support/operations.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 0 });
});
afterAll(() => bed.close());

it('[sig-network] Ingress API should support creating Ingress API operations [Conformance]', async () => {
  const namespace = await bed.namespace('ingress');
  const label = { key: 'special-label', value: namespace };
  const backend = { service: { name: 'default-backend', port: { number: 80 } } };
  const ingress = {
    metadata: { generateName: 'e2e-example-ing', labels: { [label.key]: label.value } },
    spec: { defaultBackend: backend },
  };
  const status = {
    patched: { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } },
    updated: { loadBalancer: { ingress: [{ ip: '169.1.1.2' }] } },
  };
  await expectOperations(bed, { type: INGRESSES, namespace, objects: [ingress, ingress, ingress], label, status });
});

it('[sig-network] IngressClass API should support creating IngressClass API operations [Conformance]', async () => {
  const label = { key: 'ingressclass', value: 'e2e' };
  const objects = [1, 2, 3].map((at) => ({
    metadata: { name: `ingressclass${at}`, labels: { [label.key]: label.value, 'special-label': 'generic' } },
    spec: { controller: 'example.com/controller' },
  }));
  await expectOperations(bed, { type: INGRESS_CLASSES, namespace: '', objects, label });
});

it('[sig-network] EndpointSlice should support creating EndpointSlice API operations [Conformance]', async () => {
  const namespace = await bed.namespace('endpointslice');
  const label = { key: 'special-label', value: namespace };
  const slice = {
    metadata: { generateName: 'e2e-example-ing', labels: { [label.key]: label.value } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['1.2.3.4', '5.6.7.8'] }, { addresses: ['2.2.3.4', '6.6.7.8'] }],
  };
  await expectOperations(bed, { type: ENDPOINT_SLICES, namespace, objects: [slice, slice, slice], label });
});
