import { describe, expect, it } from 'vitest';
import { acceptsPlainJson, planAnswerFormat, planDiscoveryFormat } from './accept.plan.ts';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const KUBECTL_GET = `${TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`;
const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,' +
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

describe('src/server/http/accept.plan.ts', () => {
  it.each([
    [undefined, { as: 'object' }],
    ['', { as: 'object' }],
    ['*/*', { as: 'object' }],
    ['application/json', { as: 'object' }],
    ['application/json; charset=utf-8', { as: 'object' }],
    ['application/vnd.kubernetes.protobuf,application/json', { as: 'object' }],
    ['application/json;q=0.1,application/yaml', { as: 'object' }],
    [KUBECTL_GET, { as: 'table', version: 'v1', includeObject: 'Metadata' }],
    [
      'application/json;as=Table;v=v1beta1;g=meta.k8s.io',
      { as: 'table', version: 'v1beta1', includeObject: 'Metadata' },
    ],
    [`application/json;q=0.5,${TABLE};q=0.9`, { as: 'table', version: 'v1', includeObject: 'Metadata' }],
    ['application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', { as: 'metadata', version: 'v1' }],
    ['application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io', { as: 'metadata', version: 'v1' }],
    ['application/json;as=Table;v=v9;g=meta.k8s.io,application/json', { as: 'object' }],
    ['application/json;as=Table;v=v9;g=meta.k8s.io', undefined],
    ['application/json;as=Table;v=v1;g=other', undefined],
    ['application/vnd.kubernetes.protobuf', undefined],
    ['text/html', undefined],
    ['application/json;q=0', undefined],
  ])('answers %s', (accept, expected) => {
    expect(planAnswerFormat(accept, 'Metadata')).toEqual(expected);
  });

  it.each([
    [AGGREGATED, { as: 'aggregated', version: 'v2' }],
    [
      'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
      { as: 'aggregated', version: 'v2beta1' },
    ],
    ['application/json', { as: 'legacy' }],
    [undefined, { as: 'legacy' }],
    ['application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList', undefined],
    ['text/html', undefined],
  ])('answers discovery for %s', (accept, expected) => {
    expect(planDiscoveryFormat(accept)).toEqual(expected);
  });

  it.each([
    ['application/json;as=Table;v=v1;g=meta.k8s.io', false],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', true],
    ['application/vnd.kubernetes.protobuf', false],
    [undefined, true],
  ])('answers a question in plain JSON for %s: %s', (accept, expected) => {
    expect(acceptsPlainJson(accept)).toBe(expected);
  });
});
