import { since } from '../format.ts';
import { nowMs } from '../state.ts';

interface TimeProps {
  /** RFC 3339. */
  readonly at: string | undefined;
  readonly before?: string;
  readonly after?: string;
}

/** An age that ticks, with the exact time on hover: `5m`, `for 5m`, `5m ago`. */
export function Age({ at, before = '', after = '' }: TimeProps) {
  if (at === undefined) return null;
  return (
    <time class="nowrap" dateTime={at} title={new Date(at).toLocaleString()}>
      {before}
      {since(at, nowMs.value)}
      {after}
    </time>
  );
}

export const Ago = ({ at }: Pick<TimeProps, 'at'>) => <Age at={at} after=" ago" />;
