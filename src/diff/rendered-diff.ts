import { createTwoFilesPatch } from 'diff';
import { formatObjectKey, formatYaml, type KubeObject, type ObjectKey, objectKeyOf } from '#api';
import { equalJson } from '#base';
import { MAX_DIFF_EDITS, MAX_DIFF_LINES } from './limits.ts';
import { maskSecrets } from './mask.ts';
import { sourceless } from './scope.ts';

/** How one object differs between two rendered sets. */
export interface RenderedDiff extends ObjectKey {
  readonly change: 'added' | 'removed' | 'changed';
  /** Unified diff of the YAML, with the values of Secrets masked. */
  readonly patch: string;
}

/** The objects that differ between two rendered sets, by key. Pure; the work per object is bounded. */
export function diffRendered(before: readonly KubeObject[], after: readonly KubeObject[]): readonly RenderedDiff[] {
  const old = byKey(before);
  const now = byKey(after);
  const keys = [...new Set([...old.keys(), ...now.keys()])].sort();
  return keys.flatMap((key) => diffOne(key, old.get(key), now.get(key)) ?? []);
}

/** All of them as one text. */
export function unifiedDiff(before: readonly KubeObject[], after: readonly KubeObject[]): string {
  return diffRendered(before, after)
    .map(({ patch }) => patch)
    .join('');
}

/** A unified diff of two versions of an object; either may be absent. '' when they are the same. */
export function objectPatch(before: KubeObject | undefined, after: KubeObject | undefined): string {
  const one = before ?? after;
  return one === undefined ? '' : (diffOne(formatObjectKey(objectKeyOf(one)), before, after)?.patch ?? '');
}

function diffOne(
  name: string,
  before: KubeObject | undefined,
  after: KubeObject | undefined,
): RenderedDiff | undefined {
  const one = before ?? after;
  if (one === undefined || equalJson(before, after)) return undefined;
  const [left, right] = maskSecrets(before, after).map(toLines) as [string, string];
  const change = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  const from = before === undefined ? '/dev/null' : `a/${name}`;
  const to = after === undefined ? '/dev/null' : `b/${name}`;
  return { ...objectKeyOf(one), change, patch: linePatch(from, to, left, right) };
}

function toLines(object: KubeObject | undefined): string {
  return object === undefined ? '' : formatYaml(object);
}

/** Lines of unchanged text around a change. */
const CONTEXT = 3;

function linePatch(from: string, to: string, left: string, right: string): string {
  const isHuge = countLines(left) + countLines(right) > MAX_DIFF_LINES;
  const options = {
    context: CONTEXT,
    headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true },
  };
  const patch = isHuge
    ? undefined
    : createTwoFilesPatch(from, to, left, right, undefined, undefined, { ...options, maxEditLength: MAX_DIFF_EDITS });
  return patch ?? `--- ${from}\n+++ ${to}\n@@ too much has changed to be shown line by line @@\n`;
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}

function byKey(objects: readonly KubeObject[]): Map<string, KubeObject> {
  return new Map(objects.map((object) => [formatObjectKey(objectKeyOf(object)), sourceless(object)]));
}
