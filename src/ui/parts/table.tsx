import type { ComponentChildren } from 'preact';

export interface Column<T> {
  readonly title: string;
  /** The head shows no title, since the cell explains itself; screen readers and phones still have it. */
  readonly untitled?: true;
  /** One line, however narrow the table. */
  readonly nowrap?: true;
  readonly cell: (row: T) => ComponentChildren;
}

interface TableProps<T> {
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
}

/** A table; on a phone each row is a block of its own with the titles beside the values. */
export function Table<T>({ columns, rows, rowKey }: TableProps<T>) {
  return (
    <div class="scroll">
      <table>
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
              {columns.map(({ title, nowrap, cell }) => (
                <td key={title} class={nowrap ? 'nowrap' : undefined} data-title={title}>
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
