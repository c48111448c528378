import { signal } from '@preact/signals';

/** A screen and its place in the address, behind the `#`. */
export type Route =
  | { readonly screen: 'overview' }
  | { readonly screen: 'nodes' }
  | { readonly screen: 'application'; readonly namespace: string; readonly name: string }
  | { readonly screen: 'run'; readonly namespace: string; readonly run: string }
  | { readonly screen: 'diff'; readonly namespace: string; readonly from: string; readonly to: string }
  | { readonly screen: 'nowhere' };

/** The parts of an address; none when a person mangled its escapes. */
function partsOf(hash: string): readonly string[] | undefined {
  try {
    return hash
      .replace(/^#?\/?/, '')
      .split('/')
      .map(decodeURIComponent);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

export function parseRoute(hash: string): Route {
  const [screen, a, b, c] = partsOf(hash) ?? ['?'];
  if (screen === '') return { screen: 'overview' };
  if (screen === 'nodes') return { screen: 'nodes' };
  if (screen === 'applications' && a && b) return { screen: 'application', namespace: a, name: b };
  if (screen === 'runs' && a && b) return { screen: 'run', namespace: a, run: b };
  if (screen === 'diff' && a && b && c) return { screen: 'diff', namespace: a, from: b, to: c };
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

/** What the browser's tab and its history call a screen. */
export function titleOf(at: Route): string {
  switch (at.screen) {
    case 'overview':
      return 'Plumbline';
    case 'nodes':
      return 'Nodes · Plumbline';
    case 'application':
      return `${at.name} · Plumbline`;
    case 'run':
      return `Run ${at.run} · Plumbline`;
    case 'diff':
      return 'Two runs compared · Plumbline';
    case 'nowhere':
      return 'Not found · Plumbline';
  }
}

export const route = signal<Route>({ screen: 'overview' });

/** Follows the address bar; called once. */
export function startRouter(): void {
  const follow = () => {
    route.value = parseRoute(location.hash);
    document.title = titleOf(route.value);
  };
  follow();
  addEventListener('hashchange', () => {
    follow();
    scrollTo(0, 0);
  });
}
