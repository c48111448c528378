/**
 * Events of events.k8s.io/v1, over the core ones that are stored: the same under other names.
 * Source: kubernetes pkg/apis/events/v1/conversion.go (v1.32).
 */
import type { KubeObject } from '../meta/object.ts';

/** Field of events.k8s.io/v1 → field of core/v1. All others have one name. */
const CORE_NAMES: Readonly<Record<string, string>> = {
  regarding: 'involvedObject',
  note: 'message',
  reportingController: 'reportingComponent',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
};
const NEW_NAMES = Object.fromEntries(Object.entries(CORE_NAMES).map(([newName, core]) => [core, newName]));

/** Field selector of events.k8s.io/v1 → that of core/v1. Source: conversion.go, AddFieldLabelConversionsForEvent. */
export const EVENT_SELECTORS: Readonly<Record<string, string>> = {
  reason: 'reason',
  'regarding.kind': 'involvedObject.kind',
  'regarding.namespace': 'involvedObject.namespace',
  'regarding.name': 'involvedObject.name',
  'regarding.uid': 'involvedObject.uid',
  'regarding.apiVersion': 'involvedObject.apiVersion',
  'regarding.resourceVersion': 'involvedObject.resourceVersion',
  'regarding.fieldPath': 'involvedObject.fieldPath',
  reportingController: 'reportingComponent',
  type: 'type',
};

export function eventToCore(event: KubeObject): KubeObject {
  return renamed(event, 'v1', CORE_NAMES);
}

export function eventFromCore(event: KubeObject): KubeObject {
  return renamed(event, 'events.k8s.io/v1', NEW_NAMES);
}

function renamed(event: KubeObject, apiVersion: string, names: Readonly<Record<string, string>>): KubeObject {
  const entries = Object.entries(event).map(([name, value]) => [names[name] ?? name, value] as const);
  return { ...Object.fromEntries(entries), apiVersion } as KubeObject;
}
