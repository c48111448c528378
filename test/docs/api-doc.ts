import type { ResourceRow } from '#server';
import { API_DIFFERENCES, API_NOTES } from './api-notes.ts';

const group = ({ type }: ResourceRow) => (type.group === '' ? 'core' : type.group);

/** By which a note is found: `apps/Deployment`. */
export const noteKey = (row: ResourceRow) => `${group(row)}/${row.type.kind}`;

/** Verbs of an ordinary kind; one that lacks some says so. */
const USUAL = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

function verbsOf({ verbs }: ResourceRow): string {
  const missing = USUAL.filter((verb) => !(verbs as readonly string[]).includes(verb));
  return missing.length === 0 ? 'all' : missing.length < 4 ? `all but ${missing.join(', ')}` : verbs.join(', ');
}

const words = (list: readonly string[]) => list.map((word) => `\`${word}\``).join(', ');

function line(row: ResourceRow, versions: readonly string[]): string {
  const { type, shortNames = [], subresources = {} } = row;
  const cells = [
    `${type.kind}${type.namespaced ? '' : ' ¹'}`,
    versions.join(', '),
    words([type.plural, ...shortNames]),
    verbsOf(row),
    words(Object.keys(subresources)),
    API_NOTES[noteKey(row)] ?? '',
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The page of what is served, from the registry's rows: `stored` in their order, `others` the same in other versions; `measured` is not stored. */
export function apiDocument(
  stored: readonly ResourceRow[],
  others: readonly ResourceRow[],
  reviews: readonly ResourceRow[],
  measured: readonly ResourceRow[],
): string {
  const groups = new Map<string, ResourceRow[]>();
  for (const row of [...stored, ...measured]) groups.set(group(row), [...(groups.get(group(row)) ?? []), row]);
  const sections = [...groups].map(([name, rows]) => {
    const table = rows.map((row) => {
      const also = others.filter(({ type }) => type.group === row.type.group && type.kind === row.type.kind);
      return line(row, [row.type.version, ...also.map(({ type }) => type.version)]);
    });
    return [
      `## ${name}`,
      '',
      '| Kind | Versions | Names | Verbs | Subresources | What differs from Kubernetes |',
      '|---|---|---|---|---|---|',
      ...table,
    ].join('\n');
  });
  const asked = reviews.map(({ type }) => `\`${type.group}/${type.version}\` ${type.kind}`).sort();
  return `# The API

<!-- Made by \`npm run docs\` from the registry; the remarks stand in test/docs/api-notes.ts. -->

Plumbline serves these kinds of Kubernetes v1.32 to kubectl, client libraries and whatever else speaks to a Kubernetes API. Names are plural, then short.
The verbs are create, delete, deletecollection, get, list, patch, update and watch. ¹ has no namespace.

${sections.join('\n\n')}

## Questions

Asked with \`create\`, and stored nowhere: ${asked.join(', ')}.

## What differs for all kinds

${API_DIFFERENCES.map((difference) => `- ${difference}`).join('\n')}
`;
}
