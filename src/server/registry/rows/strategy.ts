/** What rows do to objects before they are stored. All pure: they return copies. */
import type { KubeObject, StoredObject } from '#api';
import { equalJson } from '#base';

type Create = (object: KubeObject, nowMs: number) => KubeObject;
type Update = (object: KubeObject, old: StoredObject, nowMs: number) => KubeObject;

/** Carries the steps out one after the other. */
export function onCreate(...steps: readonly Create[]): Create {
  return (object, nowMs) => steps.reduce((made, step) => step(made, nowMs), object);
}

export function onUpdate(...steps: readonly Update[]): Update {
  return (object, old, nowMs) => steps.reduce((made, step) => step(made, old, nowMs), object);
}

/** `status` belongs to controllers: a create begins with this one. */
export function startStatus(status?: Readonly<Record<string, unknown>>): Create {
  return ({ status: _, ...object }) => ({ ...object, ...(status === undefined ? {} : { status }) }) as KubeObject;
}

/** A write of the object itself keeps the fields as they were. */
export function keep(...fields: readonly string[]): Update {
  return (object, old) => {
    const kept: KubeObject = { ...object };
    for (const field of fields) {
      if (old[field] === undefined) delete kept[field];
      else kept[field] = old[field];
    }
    return kept;
  };
}

export const keepStatus = keep('status');

export const firstGeneration: Create = (object) => ({ ...object, metadata: { ...object.metadata, generation: 1 } });

/** Adds one to `metadata.generation` when any of these fields (all but metadata and status when none is named) changed. */
export function countGeneration(...fields: readonly string[]): Update {
  return (object, old) => {
    const watched = fields.length > 0 ? fields : desiredFields(object, old);
    const changed = watched.some((field) => !equalJson(object[field], old[field]));
    const generation = (old.metadata.generation ?? 0) + (changed ? 1 : 0);
    return { ...object, metadata: { ...object.metadata, generation } };
  };
}

/** The same of everything but metadata: where the status is a field like any other. */
export const countAnyChange: Update = (object, old) => {
  const changed = !equalJson({ ...object, metadata: undefined }, { ...old, metadata: undefined });
  const generation = (old.metadata.generation ?? 0) + (changed ? 1 : 0);
  return { ...object, metadata: { ...object.metadata, generation } };
};

function desiredFields(object: KubeObject, old: KubeObject): string[] {
  const aside = new Set(['apiVersion', 'kind', 'metadata', 'status']);
  return [...new Set([...Object.keys(object), ...Object.keys(old)])].filter((field) => !aside.has(field));
}
