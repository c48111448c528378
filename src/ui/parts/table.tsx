import type { ComponentChildren } from 'preact';

export interface Column<T> {
  readonly title: string;
  /** The head shows no title, since the cell explains itself; screen readers and phones still have it. */
  readonly untitled?: true;
  /** A bare number: a compact row names it, where other values explain themselves. */
  readonly counted?: true;
  /** One line, however narrow the table. */
  readonly nowrap?: true;
  readonly cell: (row: T) => ComponentChildren;
}

interface TableProps<T> {
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  /** On a phone a row is two lines: the first two columns, and the others small below them. */
  readonly compact?: true;
}

/** A table; on a phone each row is a block of its own with the titles beside the values. */
export function Table<T>({ columns, rows, rowKey, compact }: TableProps<T>) {
  return (
    <div class="scroll">
      <table class={compact ? 'compact' : undefined}>
        <thead>
          <tr>
            {columns.map(({ title, untitled }) => (
              <th key={title} scope="col">
                {untitled ? <span class="visually-hidden">{title}</span> : title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map(({ title, nowrap, counted, cell }) => (
                <td key={title} class={nowrap ? 'nowrap' : counted ? 'counted' : undefined} data-title={title}>
                  <div>{cell(row)}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
