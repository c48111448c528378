import { ApiError, type StatusCause } from '../meta/status.ts';
import { formatElements } from './elements.ts';
import { type FieldSet, pathsOf } from './field-set.ts';
import type { Manager, ManagerKey } from './managers.ts';

/** Fields of another manager that an apply would change. */
export interface FieldConflict {
  readonly other: Manager;
  readonly fields: FieldSet;
}

/** Fields told per conflict answer. */
const MAX_CAUSES = 100;

/** Throws `Conflict` with a cause for each field, in the words that kubectl shows. */
export function refuseConflicts(conflicts: readonly FieldConflict[]): void {
  if (conflicts.length === 0) return;
  const causes = conflicts.flatMap(({ other, fields }) =>
    pathsOf(fields).map((path) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${describeManager(other.key)}`,
      field: formatElements(path),
    })),
  );
  throw new ApiError('Conflict', conflictMessage(causes), { causes: causes.slice(0, MAX_CAUSES) });
}

/** Source: apimachinery util/managedfields/internal conflict.go, NewConflictError (v0.32), the words only. */
function conflictMessage(causes: readonly Required<StatusCause>[]): string {
  const [first] = causes;
  if (causes.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: ${first.message}: ${first.field}`;
  }
  const lines = [`Apply failed with ${causes.length} conflicts:`];
  let heading = '';
  for (const { message, field } of causes.slice(0, MAX_CAUSES)) {
    const next = message.replace(/^conflict /, 'conflicts ');
    if (next !== heading) lines.push(`${next}:`);
    heading = next;
    lines.push(`- ${field}`);
  }
  if (causes.length > MAX_CAUSES) lines.push(`… and ${causes.length - MAX_CAUSES} more`);
  return lines.join('\n');
}

function describeManager({ manager, operation, apiVersion, subresource }: ManagerKey): string {
  const name =
    JSON.stringify(manager) + (subresource === undefined ? '' : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}
