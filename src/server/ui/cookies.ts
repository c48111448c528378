const NAME = 'plumbline_session';

/** The session's secret in a Cookie header; undefined when there is none. */
export function sessionIdOf(cookieHeader: string | undefined): string | undefined {
  for (const pair of (cookieHeader ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === NAME && value !== undefined && /^[\w-]{43}$/.test(value)) return value;
  }
  return undefined;
}

/** No script reads it and no other site makes the browser send it. `Secure` needs TLS, which loopback does without. */
export function sessionCookie(sessionId: string, maxAgeSeconds: number, secure: boolean): string {
  const flags = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}`;
  return `${NAME}=${sessionId}; ${flags}${secure ? '; Secure' : ''}`;
}
