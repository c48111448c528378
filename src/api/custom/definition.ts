/** What a CustomResourceDefinition says, read once for all who serve by it. */
import type {
  CustomResourceDefinitionNames,
  CustomResourceDefinitionVersion,
} from 'kubernetes-types/apiextensions/v1.js';
import type { ResourceType } from '../kinds/resource.ts';
import type { CustomResourceDefinition } from '../kinds/types.ts';

/** Holds a definition until its objects are gone. Source: apiextensions v1 types.go, CustomResourceCleanupFinalizer (v0.32). */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/** Both conditions that must be true before anything is served. */
export function isEstablished({ status }: CustomResourceDefinition): boolean {
  const holds = (type: string) =>
    (status?.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');
  return holds('Established') && holds('NamesAccepted');
}

/** The names under which the objects are served: those that were accepted. */
export function servedNames({ spec, status }: CustomResourceDefinition): CustomResourceDefinitionNames {
  const accepted = status?.acceptedNames;
  return accepted?.plural ? accepted : spec.names;
}

export function storageVersion({ spec }: CustomResourceDefinition): CustomResourceDefinitionVersion | undefined {
  return spec.versions.find(({ storage }) => storage);
}

/** Whether objects would have to be converted by a program of the definition's author, which is not asked here. */
export function convertsByWebhook({ spec }: CustomResourceDefinition): boolean {
  return spec.conversion?.strategy === 'Webhook';
}

/**
 * The versions that are served, the preferred first. Where a webhook would convert, only the stored one is: any other answer
 * would be a guess.
 */
export function servedVersions(definition: CustomResourceDefinition): readonly CustomResourceDefinitionVersion[] {
  const served = definition.spec.versions.filter(
    ({ served: isServed, storage }) => isServed && (storage || !convertsByWebhook(definition)),
  );
  return served.toSorted((a, b) => compareVersions(a.name, b.name));
}

export function resourceTypeOf(definition: CustomResourceDefinition, version: string): ResourceType {
  const { group, scope } = definition.spec;
  const { kind, plural } = servedNames(definition);
  return { group, version, kind, plural, namespaced: scope === 'Namespaced' };
}

/**
 * v2 before v1 before v1beta2 before v1alpha1 before anything else, which goes by the alphabet.
 * Source: apimachinery pkg/version/helpers.go, CompareKubeAwareVersionStrings (v0.32).
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  if (left === undefined || right === undefined) {
    if (left !== undefined || right !== undefined) return left === undefined ? 1 : -1;
    return a < b ? -1 : Number(a > b);
  }
  return right.stage - left.stage || right.major - left.major || right.minor - left.minor;
}

const STAGES = ['alpha', 'beta', ''];

function parseVersion(version: string) {
  const match = /^v(\d{1,9})(?:(alpha|beta)(\d{1,9}))?$/.exec(version);
  if (match === null) return undefined;
  const [, major, stage = '', minor = '0'] = match;
  return { major: Number(major), stage: STAGES.indexOf(stage), minor: Number(minor) };
}

/** What a program that installs the definition should know; for people. */
export function definitionWarnings(definition: CustomResourceDefinition): readonly string[] {
  const warnings: string[] = [];
  for (const version of definition.spec.versions) {
    const rules = countRules(version.schema?.openAPIV3Schema);
    if (rules === 0) continue;
    const what = rules === 1 ? 'one rule' : `${rules} rules`;
    warnings.push(
      `spec.versions[${version.name}]: ${what} of x-kubernetes-validations will not be enforced: CEL is not supported; the rest of the schema is`,
    );
  }
  if (convertsByWebhook(definition)) {
    const stored = storageVersion(definition)?.name ?? '';
    warnings.push(
      `spec.conversion.strategy: conversion webhooks are not called: only the stored version ${stored} will be served`,
    );
  }
  return warnings;
}

/** How many `x-kubernetes-validations` a schema holds. */
export function countRules(schema: unknown): number {
  let count = 0;
  const waiting: unknown[] = [schema];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'x-kubernetes-validations' && Array.isArray(inner)) count += inner.length;
      else if (key !== 'default' && key !== 'enum' && key !== 'example') waiting.push(inner);
    }
  }
  return count;
}
