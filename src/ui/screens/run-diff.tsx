import type { UiRun, UiRunDiff } from '#api';
import { count, firstLine, objectName, person, shortCommit } from '../format.ts';
import { path } from '../http.ts';
import { Crumbs } from '../parts/crumbs.tsx';
import { Load } from '../parts/load.tsx';
import { Patch } from '../parts/patch.tsx';
import { Ago } from '../parts/time.tsx';
import { links } from '../router.ts';

function Side({ title, run }: { readonly title: string; readonly run: UiRun }) {
  return (
    <p>
      <span class="soft">{title}</span> <code>{shortCommit(run.revision)}</code>{' '}
      <a href={links.run(run.namespace, run.name)}>{firstLine(run.message) || run.name}</a>{' '}
      <span class="soft">
        {run.author === undefined ? '' : `${person(run.author)}, `}
        <Ago at={run.createdAt} />
      </span>
    </p>
  );
}

interface RunDiffProps {
  readonly namespace: string;
  readonly from: string;
  readonly to: string;
}

export function RunDiffScreen({ namespace, from, to }: RunDiffProps) {
  return (
    <>
      <Load<UiRun> from={`runs/${path(namespace, from)}`}>
        {(older) => (
          <Load<UiRun> from={`runs/${path(namespace, to)}`}>
            {(newer) => (
              <>
                <Crumbs here="Two runs compared">
                  <a href={links.application(namespace, newer.application)}>{newer.application}</a>
                </Crumbs>
                <section class="card sides" aria-label="Compared runs">
                  <h1>What changed in {newer.application}</h1>
                  <Side title="From" run={older} />
                  <Side title="To" run={newer} />
                </section>
              </>
            )}
          </Load>
        )}
      </Load>
      <Load<UiRunDiff> from={`runs/${path(namespace, from)}/diff/${path(to)}`}>
        {({ objects }) => (
          <>
            <p class="soft">
              {objects.length === 0
                ? 'Both runs rendered the same objects.'
                : `${count(objects.length, 'object')} ${objects.length === 1 ? 'differs' : 'differ'}. Values of Secrets are masked.`}
            </p>
            {objects.map((one) => (
              <section
                class="card"
                key={`${one.group}/${one.kind}/${objectName(one)}`}
                aria-label={`${one.kind} ${objectName(one)}`}
              >
                <h2>
                  {one.kind} {objectName(one)} <span class="soft">{one.change}</span>
                </h2>
                <Patch text={one.patch} />
              </section>
            ))}
          </>
        )}
      </Load>
    </>
  );
}
