import type { Value } from '../template/index.ts';

/** Longest name that a normalised text becomes. Source: argo-cd applicationset/utils/utils.go, SanitizeName (v3.0). */
const MAX_NAME = 253;
/** Length of a slug when none is asked for. Source: the same, SlugifyName. */
const SLUG_LENGTH = 50;

/** A text as the name of an object: lower case, `-` for what may not stand there. */
export function normalizeName(text: string): string {
  const cleaned = text
    .toLowerCase()
    .replaceAll(/[^-a-z0-9.]/g, '-')
    .slice(0, MAX_NAME);
  return cleaned.replaceAll(/^[-.]+|[-.]+$/g, '');
}

/** `slugify 23 true name`: the length, whether to cut at a word, the text; the first two may be left out. */
export function slugify(values: readonly Value[]): string {
  const text = values.findLast((value) => typeof value === 'string') ?? '';
  const length = values.find((value) => typeof value === 'bigint' || typeof value === 'number');
  const cutsAtWords = values.find((value) => typeof value === 'boolean') === true;
  const limit = length === undefined ? SLUG_LENGTH : Math.max(1, Number(length));
  const slug = String(text)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  if (slug.length <= limit) return slug;
  const cut = slug.slice(0, limit);
  const atWord = slug[limit] === '-' ? cut : cut.slice(0, Math.max(0, cut.lastIndexOf('-')));
  return (cutsAtWords && atWord !== '' ? atWord : cut).replace(/-+$/, '');
}
