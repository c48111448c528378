/**
 * Replaces `$(NAME)` by its value. `$$(NAME)` stands for the text `$(NAME)`; an unknown name is left as it is written.
 * Source: kubernetes third_party/forked/golang/expansion/expand.go (v1.32).
 */
export function expand(text: string, lookUp: (name: string) => string | undefined): string {
  let out = '';
  let position = 0;
  while (position < text.length) {
    const dollar = text.indexOf('$', position);
    if (dollar < 0 || dollar === text.length - 1) return out + text.slice(position);
    out += text.slice(position, dollar);
    const next = text[dollar + 1];
    const close = next === '(' ? text.indexOf(')', dollar + 2) : -1;
    if (next === '$') {
      out += '$';
      position = dollar + 2;
    } else if (close < 0) {
      out += '$';
      position = dollar + 1;
    } else {
      const name = text.slice(dollar + 2, close);
      out += lookUp(name) ?? text.slice(dollar, close + 1);
      position = close + 1;
    }
  }
  return out;
}
