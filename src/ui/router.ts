import { signal } from '@preact/signals';

/** A screen and its place in the address, behind the `#`. */
export type Route =
  | { readonly screen: 'overview' }
  | { readonly screen: 'nodes' }
  | { readonly screen: 'application'; readonly namespace: string; readonly name: string }
  | { readonly screen: 'run'; readonly namespace: string; readonly run: string }
  | { readonly screen: 'diff'; readonly namespace: string; readonly from: string; readonly to: string }
  | { readonly screen: 'nowhere' };

export function parseRoute(hash: string): Route {
  const [screen = '', ...rest] = hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  const [a, b, c] = rest;
  if (screen === '') return { screen: 'overview' };
  if (screen === 'nodes') return { screen: 'nodes' };
  if (screen === 'applications' && a !== undefined && b !== undefined)
    return { screen: 'application', namespace: a, name: b };
  if (screen === 'runs' && a !== undefined && b !== undefined) return { screen: 'run', namespace: a, run: b };
  if (screen === 'diff' && a !== undefined && b !== undefined && c !== undefined)
    return { screen: 'diff', namespace: a, from: b, to: c };
  return { screen: 'nowhere' };
}

const link = (...parts: readonly string[]) => `#/${parts.map(encodeURIComponent).join('/')}`;

export const links = {
  overview: '#/',
  nodes: '#/nodes',
  application: (namespace: string, name: string) => link('applications', namespace, name),
  run: (namespace: string, run: string) => link('runs', namespace, run),
  diff: (namespace: string, from: string, to: string) => link('diff', namespace, from, to),
};

export const route = signal<Route>(parseRoute(location.hash));

export function startRouter(): void {
  addEventListener('hashchange', () => {
    route.value = parseRoute(location.hash);
    scrollTo(0, 0);
  });
}
