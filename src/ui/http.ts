import type { UiRequestHeader } from '#api';

const REQUEST_HEADER: UiRequestHeader = 'x-plumbline-ui';

/** A request the server refused; `message` is its own words. */
export class RequestError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function answer<T>(response: Response): Promise<T> {
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body as T;
  const message =
    typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : response.statusText;
  throw new RequestError(response.status, message);
}

const segment = (...parts: readonly string[]) => parts.map(encodeURIComponent).join('/');

export const path = segment;

export async function read<T>(where: string, signal?: AbortSignal): Promise<T> {
  return answer<T>(
    await fetch(`/ui/v1/${where}`, {
      headers: { accept: 'application/json' },
      ...(signal === undefined ? {} : { signal }),
    }),
  );
}

export async function send(where: string, body: unknown = {}): Promise<void> {
  await answer(
    await fetch(`/ui/v1/${where}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [REQUEST_HEADER]: '1' },
      body: JSON.stringify(body),
    }),
  );
}
