/** Why an official test is not ported; the first that holds is told. */
export interface NotYet {
  readonly why: string;
  holds(test: { readonly tier: string; readonly source: string; readonly codename: string }): boolean;
}

const isNamed =
  (word: string): NotYet['holds'] =>
  ({ codename }) =>
    codename.includes(word);
const inTier =
  (tier: string): NotYet['holds'] =>
  (test) =>
    test.tier === tier;

export const NOT_YET: readonly NotYet[] = [
  {
    holds: inTier('rc'),
    why: 'Its pods must serve pictures, which are read through the proxy of the API: needs containers that really run.',
  },
  { holds: isNamed('at least two untainted nodes'), why: 'Needs a second node; the bed on real Docker has one.' },
  { holds: inTier('node'), why: 'To be ported: taints a node, so that it needs a bed of its own.' },
  {
    holds: (test) => isNamed(': udp ')(test) || isNamed('different protocols')(test),
    why: 'To be ported: the stand-in image has no program yet that speaks UDP.',
  },
  { holds: isNamed('valid responses'), why: 'To be ported: the server in the stand-in image knows GET and POST only.' },
  { holds: inTier('net'), why: 'To be ported, on real Docker.' },
];
