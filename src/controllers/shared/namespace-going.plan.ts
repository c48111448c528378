import { isApiError } from '#api';

/** Whether nothing was made because its namespace is going: then nothing needs to be made. */
export function isNamespaceGoing(error: unknown): boolean {
  return (
    isApiError(error, 'Forbidden') &&
    error.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true
  );
}
