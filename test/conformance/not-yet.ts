/** Why an official test is not ported; the first that holds is told. */
export interface NotYet {
  readonly why: string;
  holds(test: { readonly tier: string; readonly source: string; readonly codename: string }): boolean;
}

const inTier =
  (tier: string): NotYet['holds'] =>
  (test) =>
    test.tier === tier;

export const NOT_YET: readonly NotYet[] = [
  {
    holds: inTier('rc'),
    why: 'Its pods must serve pictures, which are read through the proxy of the API: needs containers that really run.',
  },
  {
    holds: inTier('node'),
    why: 'Needs several real nodes, or disturbs one: a matter of an end-to-end bed with more than one agent.',
  },
  {
    holds: inTier('net'),
    why: 'Needs traffic between pods, Services or cluster DNS: a matter of an end-to-end bed with our agent and its network.',
  },
];
