import { type FieldDrift, lineOfField, type Origin } from '#api';
import type { RenderedObject } from './render.types.ts';

/** Fields of an object that differ, each with the line of its file to look at. Asks no file again. */
export function atTheirLines(rendered: RenderedObject, fields: readonly FieldDrift[]): readonly FieldDrift[] {
  return fields.map((field) => ({ ...field, line: lineOfField(rendered, field.path) }));
}

/** Where one field of an object stands; the nearest thing around it, when the file does not have it. */
export function originOfField(rendered: RenderedObject, path: string): Origin {
  return { ...rendered.origin, line: lineOfField(rendered, path) };
}
