import type { ResourceType } from '#api';
import { CliError } from '../errors.ts';
import { formatTable, plain } from '../output.ts';
import type { Session } from '../session.ts';

export interface GetOptions {
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly name?: string;
  readonly selector?: string;
  readonly wide?: boolean;
}

/** Objects as the server's own tables show them. */
export async function get({ client, output }: Session, resource: ResourceType, options: GetOptions): Promise<void> {
  const { namespace, name, selector, wide = false } = options;
  const table = await client.table(resource, {
    ...(namespace === undefined || !resource.namespaced ? {} : { namespace }),
    ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
    ...(selector === undefined ? {} : { labelSelector: selector }),
  });
  if (name !== undefined && table.rows.length === 0)
    throw new CliError(`there is no ${resource.kind} "${name}"`, {
      hint: `plumb get ${resource.plural} lists what there is.`,
      exitCode: 1,
    });
  if (table.rows.length === 0) {
    output.note(`No ${resource.plural}${namespace === undefined ? '' : ` in namespace ${namespace}`}.`);
    return;
  }
  const shown = table.columnDefinitions
    .map((column, index) => ({ column, index }))
    .filter(({ column }) => wide || (column.priority ?? 0) === 0);
  const everywhere = namespace === undefined && resource.namespaced;
  const header = [...(everywhere ? ['NAMESPACE'] : []), ...shown.map(({ column }) => column.name.toUpperCase())];
  const rows = table.rows.map((row) => [
    ...(everywhere ? [row.object?.metadata.namespace ?? ''] : []),
    ...shown.map(({ index }) => plain(String(row.cells[index] ?? ''))),
  ]);
  output.write(formatTable(header, rows));
}
