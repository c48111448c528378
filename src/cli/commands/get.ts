import { stringify } from 'yaml';
import type { ResourceType, StoredObject } from '#api';
import { canonicalJson } from '#base';
import { CliError } from '../errors.ts';
import { formatTable, plain } from '../output.ts';
import { DEFAULT_NAMESPACE, notFound, objectWord } from '../resources.ts';
import type { Session } from '../session.ts';

/** What `-o` takes; `table` when it is not given. */
export const OUTPUT_FORMS = ['wide', 'yaml', 'json', 'name'] as const;
export type OutputForm = 'table' | (typeof OUTPUT_FORMS)[number];

export interface GetOptions {
  /** `default` when absent. */
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly name?: string;
  readonly selector?: string;
  readonly form: OutputForm;
}

/** Objects: in the server's own tables, by name, or whole. Exit code and words for what is not there are kubectl's. */
export async function get(session: Session, resource: ResourceType, options: GetOptions): Promise<void> {
  const { allNamespaces = false, name, selector, form } = options;
  if (name !== undefined && allNamespaces && resource.namespaced)
    throw new CliError('a resource cannot be retrieved by name across all namespaces', {
      hint: 'Leave out the name, or name one namespace with -n.',
      exitCode: 2,
    });
  if (name !== undefined && selector !== undefined)
    throw new CliError('a name cannot be given together with a selector', {
      hint: 'Give one of the two.',
      exitCode: 2,
    });
  const namespace = allNamespaces || !resource.namespaced ? undefined : (options.namespace ?? DEFAULT_NAMESPACE);
  const wanted = { namespace, name, selector };
  if (form === 'table' || form === 'wide') await table(session, resource, wanted, form === 'wide');
  else if (name !== undefined) await single(session, resource, { name, namespace }, form);
  else await several(session, resource, wanted, form);
}

interface Wanted {
  /** All of them, or none, when undefined. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly selector: string | undefined;
}

const listOptions = ({ namespace, name, selector }: Wanted) => ({
  ...(namespace === undefined ? {} : { namespace }),
  ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
  ...(selector === undefined ? {} : { labelSelector: selector }),
});

/** Said on stderr, and no failure: a pipe gets nothing. */
function tellNone({ output }: Session, resource: ResourceType, namespace: string | undefined): void {
  output.note(
    `No resources found${resource.namespaced && namespace !== undefined ? ` in ${namespace} namespace` : ''}.`,
  );
}

async function table(session: Session, resource: ResourceType, wanted: Wanted, wide: boolean): Promise<void> {
  const { name, namespace } = wanted;
  const { columnDefinitions, rows } = await session.client.table(resource, listOptions(wanted));
  if (name !== undefined && rows.length === 0) throw notFound(resource, name, namespace);
  if (rows.length === 0) {
    tellNone(session, resource, namespace);
    return;
  }
  const shown = columnDefinitions
    .map((column, index) => ({ column, index }))
    .filter(({ column }) => wide || (column.priority ?? 0) === 0);
  const everywhere = namespace === undefined && resource.namespaced;
  const header = [...(everywhere ? ['NAMESPACE'] : []), ...shown.map(({ column }) => column.name.toUpperCase())];
  const cells = rows.map((row) => [
    ...(everywhere ? [row.object?.metadata.namespace ?? ''] : []),
    ...shown.map(({ index }) => plain(String(row.cells[index] ?? ''))),
  ]);
  session.output.write(formatTable(header, cells));
}

/** What is not a table. */
type WholeForm = Exclude<OutputForm, 'table' | 'wide'>;

async function single(
  { client, output }: Session,
  resource: ResourceType,
  { namespace, name }: { readonly namespace: string | undefined; readonly name: string },
  form: WholeForm,
): Promise<void> {
  const object = await client.get(resource, { name, ...(namespace === undefined ? {} : { namespace }) });
  if (object === undefined) throw notFound(resource, name, namespace);
  output.write(form === 'name' ? objectWord(resource, name) : document(withoutManagers(object), form));
}

async function several(session: Session, resource: ResourceType, wanted: Wanted, form: WholeForm): Promise<void> {
  const { items } = await session.client.list(resource, listOptions(wanted));
  if (form !== 'name') {
    const list = {
      apiVersion: 'v1',
      kind: 'List',
      metadata: { resourceVersion: '' },
      items: items.map(withoutManagers),
    };
    session.output.write(document(list, form));
  } else if (items.length === 0) tellNone(session, resource, wanted.namespace);
  else session.output.write(items.map(({ metadata }) => objectWord(resource, metadata.name)).join('\n'));
}

/** Who owns which field is left out, as by kubectl: it is longer than the object. */
function withoutManagers(object: StoredObject): StoredObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** As kubectl writes it: keys sorted, JSON four columns deep, YAML 1.1 so that no other reader takes a text for a time. */
export function document(value: object, form: 'json' | 'yaml'): string {
  const sorted: unknown = JSON.parse(canonicalJson(value));
  const text =
    form === 'json'
      ? JSON.stringify(sorted, null, 4)
      : stringify(sorted, { lineWidth: 0, indentSeq: false, version: '1.1' }).trimEnd();
  return plain(text);
}
