import { render } from 'preact';
import { links, type Route, route, startRouter } from './router.ts';
import { ApplicationScreen } from './screens/application.tsx';
import { Nodes } from './screens/nodes.tsx';
import { Overview } from './screens/overview.tsx';
import { RunScreen } from './screens/run.tsx';
import { RunDiffScreen } from './screens/run-diff.tsx';
import { connected, openStream, overview, problem, startClock, toast } from './state.ts';

function Screen({ at }: { readonly at: Route }) {
  switch (at.screen) {
    case 'overview':
      return <Overview />;
    case 'nodes':
      return <Nodes />;
    case 'application':
      return <ApplicationScreen namespace={at.namespace} name={at.name} />;
    case 'run':
      return <RunScreen namespace={at.namespace} name={at.run} />;
    case 'diff':
      return <RunDiffScreen namespace={at.namespace} from={at.from} to={at.to} />;
    case 'nowhere':
      return (
        <section class="card empty">
          <h1>There is nothing here</h1>
          <p>
            <a href={links.overview}>To the overview</a>
          </p>
        </section>
      );
  }
}

function Page() {
  const at = route.value;
  return (
    <>
      <header class="bar">
        <div>
          <a class="brand" href={links.overview}>
            <img src="/favicon.svg" alt="" /> Plumbline
          </a>
          <nav aria-label="Screens">
            <a href={links.overview} aria-current={at.screen === 'overview' ? 'page' : undefined}>
              Overview
            </a>
            <a href={links.nodes} aria-current={at.screen === 'nodes' ? 'page' : undefined}>
              Nodes
            </a>
          </nav>
          <div class="end">
            <span role="status">
              <span class={`dot${connected.value ? '' : ' off'}`} />
              {connected.value ? 'live' : 'not connected'}
            </span>
            <span>{overview.value?.user ?? ''}</span>
          </div>
        </div>
      </header>
      <main>
        {problem.value === undefined ? null : (
          <div class="banner bad" role="alert">
            <p>{problem.value}</p>
          </div>
        )}
        <Screen at={at} />
      </main>
      {toast.value === undefined ? null : (
        <div class="toast" role="status">
          {toast.value}
        </div>
      )}
    </>
  );
}

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no #app');
startRouter();
startClock();
openStream();
render(<Page />, root);
