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

/** Names as parts of a path. */
export const path = (...parts: readonly string[]) => parts.map(encodeURIComponent).join('/');

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

/** Whether the server knows this browser's login; also true while the server cannot be asked. */
export async function isLoggedIn(): Promise<boolean> {
  try {
    return (await fetch('/ui/v1/overview', { headers: { accept: 'application/json' } })).status !== 401;
  } catch {
    return true;
  }
}
