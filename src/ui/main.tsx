import { render } from 'preact';
import { send } from './http.ts';
import { Ago } from './parts/time.tsx';
import { links, type Route, route, startRouter } from './router.ts';
import { ApplicationScreen } from './screens/application.tsx';
import { Nodes } from './screens/nodes.tsx';
import { Overview } from './screens/overview.tsx';
import { RunScreen } from './screens/run.tsx';
import { RunDiffScreen } from './screens/run-diff.tsx';
import { attempt, type Connection, connection, lostAt, overview, startClock, startStream, toast } from './state.ts';

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

const CONNECTION_WORDS: Record<Connection, string> = {
  opening: 'connecting',
  live: 'live',
  lost: 'not connected',
  over: 'logged out',
};

function User() {
  if (overview.value === undefined || connection.value === 'over') return null;
  const logOut = async () => {
    if (await attempt(() => send('logout'), 'Logged out.')) connection.value = 'over';
  };
  return (
    <>
      <span>{overview.value.user}</span>
      <button type="button" class="small" onClick={logOut}>
        Log out
      </button>
    </>
  );
}

function Bar({ at }: { readonly at: Route }) {
  return (
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
            <span class={`dot ${connection.value}`} />
            {CONNECTION_WORDS[connection.value]}
          </span>
          <User />
        </div>
      </div>
    </header>
  );
}

const LoggedOut = () => (
  <section class="card empty">
    <h1>You are logged out</h1>
    <p>
      Ask for a login link on the machine that runs Plumbline: <code>plumb login</code>
    </p>
  </section>
);

/** Says when what is on screen stopped being true for sure. */
const Lost = () => (
  <div class="banner bad" role="alert">
    <p>
      <b>The control plane does not answer.</b> Your pods go on running. What you see is from <Ago at={lostAt.value} />.
    </p>
  </div>
);

function Page() {
  const at = route.value;
  return (
    <>
      <Bar at={at} />
      {connection.value === 'over' ? (
        <main>
          <LoggedOut />
        </main>
      ) : (
        <main class={connection.value === 'lost' ? 'stale' : undefined}>
          {connection.value === 'lost' ? <Lost /> : null}
          <Screen at={at} />
        </main>
      )}
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
startStream();
render(<Page />, root);
