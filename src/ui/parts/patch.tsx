import { patchLines } from '../patch-lines.ts';

/** A unified diff, line by line. */
export const Patch = ({ text }: { readonly text: string }) => (
  <pre class="patch">
    {patchLines(text).map(({ kind, text: line }, index) => (
      <span key={index} class={kind}>
        {line || ' '}
      </span>
    ))}
  </pre>
);
