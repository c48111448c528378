import type { UiRunDiff } from '#api';
import { objectName, shortCommit } from '../format.ts';
import { path } from '../http.ts';
import { Load } from '../parts/load.tsx';
import { links } from '../router.ts';

const lineClass = (line: string) => {
  if (line.startsWith('@@')) return 'hunk';
  if (line.startsWith('+') && !line.startsWith('+++')) return 'add';
  if (line.startsWith('-') && !line.startsWith('---')) return 'remove';
  return '';
};

/** Header lines repeat the object's name, which stands above. */
const shownLines = (patch: string) =>
  patch.split('\n').filter((line) => !/^(Index: |={20,}|--- |\+\+\+ |\\ No newline)/.test(line));

const Patch = ({ text }: { readonly text: string }) => (
  <pre class="patch">
    {shownLines(text).map((line, index) => (
      <span key={index} class={lineClass(line)}>
        {line === '' ? ' ' : line}
      </span>
    ))}
  </pre>
);

export function RunDiffScreen({
  namespace,
  from,
  to,
}: {
  readonly namespace: string;
  readonly from: string;
  readonly to: string;
}) {
  return (
    <Load<UiRunDiff> from={`runs/${path(namespace, from)}/diff/${path(to)}`}>
      {(diff) => (
        <>
          <section class="card">
            <h1>
              From{' '}
              <a href={links.run(namespace, diff.from.name)}>
                <code>{shortCommit(diff.from.revision)}</code>
              </a>{' '}
              to{' '}
              <a href={links.run(namespace, diff.to.name)}>
                <code>{shortCommit(diff.to.revision)}</code>
              </a>
            </h1>
          </section>
          {diff.objects.length === 0 ? (
            <section class="card empty">
              <p>The rendered objects of both runs are the same.</p>
            </section>
          ) : null}
          {diff.objects.map((one) => (
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
  );
}
