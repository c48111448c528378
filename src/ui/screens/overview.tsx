import type { UiApplicationSummary } from '#api';
import { count, sentence, shortCommit } from '../format.ts';
import { HealthBadge, ICONS, PhaseBadge, SyncBadge } from '../parts/badge.tsx';
import { FilterBox, useFilter } from '../parts/filter.tsx';
import { Icon } from '../parts/icons.tsx';
import { Reading } from '../parts/load.tsx';
import { Age } from '../parts/time.tsx';
import { links } from '../router.ts';
import { type Group, grouped, verdict } from '../standing.ts';
import { overview } from '../state.ts';
import { NodeCards } from './nodes.tsx';

function Row({ application, tone }: { readonly application: UiApplicationSummary; readonly tone: Group['tone'] }) {
  const { namespace, name, sync, health, run, message, drifted, revision, objects } = application;
  const what =
    (message === undefined ? undefined : sentence(message)) ??
    (drifted > 0
      ? `${count(drifted, 'object')} of ${objects} differ from Git`
      : `${objects === 0 && sync === 'Synced' ? 'Empty in Git' : count(objects, 'object')} at ${shortCommit(revision)}`);
  return (
    <li>
      <a class={`row ${tone}`} href={links.application(namespace, name)}>
        <span class="name">{name}</span>
        <span class="state">
          <SyncBadge status={sync} />
          <HealthBadge status={health} />
          {run !== undefined && run.phase !== 'Succeeded' && run.phase !== 'Superseded' ? (
            <PhaseBadge phase={run.phase} />
          ) : null}
        </span>
        <span class="what">{what}</span>
        <span class="when">
          <Age at={application.since} before="for " />
        </span>
      </a>
    </li>
  );
}

function Applications({ applications }: { readonly applications: readonly UiApplicationSummary[] }) {
  const { matching, typed, offered } = useFilter(
    applications,
    ({ name, sync, health, message = '' }) => `${name} ${sync} ${health} ${message}`,
  );
  return (
    <>
      {offered ? <FilterBox label="Filter Applications" typed={typed} /> : null}
      {grouped(matching).map(({ title, tone, members }) => (
        <section class="group" key={title} aria-label={title}>
          <h2>{title}</h2>
          <ul class="rows">
            {members.map((application) => (
              <Row key={`${application.namespace}/${application.name}`} application={application} tone={tone} />
            ))}
          </ul>
        </section>
      ))}
      {matching.length === 0 ? <p class="soft">No Application matches.</p> : null}
    </>
  );
}

export function Overview() {
  const current = overview.value;
  if (current === undefined) return <Reading />;
  if (current.applications.length === 0) {
    return (
      <section class="card empty">
        <h1>No Application yet</h1>
        <p>
          Point Plumbline at a repository of Kubernetes YAML: <code>plumb up REPO</code>
        </p>
      </section>
    );
  }
  const { tone, text, more } = verdict(current.applications);
  return (
    <>
      <section class="card verdict" aria-label="Verdict">
        <span class={`seal ${tone}`}>
          <Icon name={ICONS[tone]} />
        </span>
        <h1>{text}</h1>
        <p class="soft">{more}</p>
      </section>
      <Applications applications={current.applications} />
      <section class="group" aria-label="Nodes">
        <h2>Nodes</h2>
        <NodeCards nodes={current.nodes} />
      </section>
    </>
  );
}
