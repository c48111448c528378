import { builtInModel, type KindModel, type ResourceType } from '#api';
import type { ResourceRow } from './api.ts';

const models = new WeakMap<ResourceType, KindModel>();

/** How admission treats a row's objects. Every served kind has a shape: without one, nobody could own its fields. */
export function modelOf({ type, custom }: ResourceRow): KindModel {
  const known = custom?.model ?? models.get(type);
  if (known !== undefined) return known;
  const made = builtInModel(type);
  if (made === undefined) throw new RangeError(`no shape is known of ${type.group}/${type.version} ${type.kind}`);
  models.set(type, made);
  return made;
}
