import { type Signal, useSignal } from '@preact/signals';

/** Lists shorter than this are read faster than filtered. */
const FILTER_FROM = 9;

/** Rows whose text holds every word typed, and the box to type in where the list is long. */
export function useFilter<T>(rows: readonly T[], textOf: (row: T) => string) {
  const typed = useSignal('');
  const words = typed.value.toLowerCase().split(/\s+/);
  const matching = rows.filter((row) => {
    const text = textOf(row).toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return { matching, typed, offered: rows.length >= FILTER_FROM };
}

export const FilterBox = ({ label, typed }: { readonly label: string; readonly typed: Signal<string> }) => (
  <input
    class="filter"
    type="search"
    placeholder="Filter"
    aria-label={label}
    value={typed}
    onInput={(event) => {
      typed.value = event.currentTarget.value;
    }}
  />
);
