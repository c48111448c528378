import type { Signal } from '@preact/signals';

interface ShowAllProps {
  readonly all: Signal<boolean>;
  readonly shown: number;
  readonly of: number;
}

/** Below a list that was cut short: the button that shows the rest. */
export const ShowAll = ({ all, shown, of }: ShowAllProps) =>
  shown === of ? null : (
    <button
      type="button"
      class="small"
      onClick={() => {
        all.value = true;
      }}
    >
      Show all {of}
    </button>
  );
