import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Labels, Node, Pod, PodSpec } from '#api';
import { NodeTable } from '../node-table.ts';
import { planSchedule, planScheduleOf } from '../schedule.plan.ts';

const meta = (name: string, labels: Labels = {}, namespace?: string) => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels,
  ...(namespace === undefined ? {} : { namespace }),
});

/** A node in a zone, with a name as its host's. */
const node = (name: string, zone?: string, more: { spec?: Node['spec']; labels?: Labels } = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: meta(name, { host: name, ...(zone === undefined ? {} : { zone }), ...more.labels }),
  ...(more.spec === undefined ? {} : { spec: more.spec }),
  status: {
    allocatable: { cpu: '64', memory: '256Gi', pods: '110' },
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});

type PodParts = {
  readonly app?: string;
  readonly spec?: Partial<PodSpec>;
  readonly on?: string;
  readonly namespace?: string;
  readonly going?: boolean;
  readonly labels?: Labels;
};

const pod = (
  name: string,
  { app = name, spec = {}, on, namespace = 'default', going = false, labels = {} }: PodParts,
) =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...meta(name, { app, ...labels }, namespace),
      ...(going ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { containers: [{ name: 'c', image: 'i' }], ...(on === undefined ? {} : { nodeName: on }), ...spec },
  }) as Pod;

const term = (app: string, topologyKey = 'zone', more: object = {}) => ({
  topologyKey,
  labelSelector: { matchLabels: { app } },
  ...more,
});
type Kind = 'podAffinity' | 'podAntiAffinity';
const requires = (kind: Kind, ...terms: readonly object[]): Partial<PodSpec> =>
  ({ affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: terms } } }) as Partial<PodSpec>;
const prefers = (kind: Kind, ...terms: readonly object[]): Partial<PodSpec> =>
  ({
    affinity: {
      [kind]: {
        preferredDuringSchedulingIgnoredDuringExecution: terms.map((one) => ({ weight: 50, podAffinityTerm: one })),
      },
    },
  }) as Partial<PodSpec>;
const spread = (app: string, more: object = {}): Partial<PodSpec> =>
  ({
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'zone',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { app } },
        ...more,
      },
    ],
  }) as Partial<PodSpec>;

const ZONES = [node('a1', 'a'), node('a2', 'a'), node('b1', 'b'), node('none')];
const SKEWED = "node(s) didn't match pod topology spread constraints";

describe('src/scheduler/relations', () => {
  it.each<[string, readonly Pod[], Pod, readonly string[]]>([
    [
      'beside the pods it wants',
      [pod('db', { on: 'b1' })],
      pod('p', { spec: requires('podAffinity', term('db')) }),
      ['b1'],
    ],
    [
      'anywhere in their zone',
      [pod('db', { on: 'a1' })],
      pod('p', { spec: { ...requires('podAffinity', term('db')), ...{ nodeSelector: { host: 'a2' } } } }),
      ['a2'],
    ],
    ['first of its kind', [], pod('p', { spec: requires('podAffinity', term('p')) }), ['a1', 'a2', 'b1']],
    [
      'not beside its like',
      [pod('old', { app: 'p', on: 'a1' })],
      pod('p', { spec: requires('podAntiAffinity', term('p')) }),
      ['b1', 'none'],
    ],
    [
      'not beside one that refuses it',
      [pod('shy', { on: 'a1', spec: requires('podAntiAffinity', term('p')) })],
      pod('p', {}),
      ['b1', 'none'],
    ],
    [
      'beside one that refuses others',
      [pod('shy', { on: 'a1', spec: requires('podAntiAffinity', term('q')) })],
      pod('p', {}),
      ['a1', 'a2', 'b1', 'none'],
    ],
    [
      'beside pods of its own namespace only',
      [pod('db', { on: 'a1', namespace: 'other' }), pod('db2', { app: 'db', on: 'b1' })],
      pod('p', { spec: requires('podAffinity', term('db')) }),
      ['b1'],
    ],
    [
      'beside pods of a namespace it names',
      [pod('db', { on: 'a1', namespace: 'other' }), pod('db2', { app: 'db', on: 'b1' })],
      pod('p', { spec: requires('podAffinity', term('db', 'zone', { namespaces: ['other'] })) }),
      ['a1', 'a2'],
    ],
    [
      'beside pods of every namespace, chosen by an empty selector',
      [pod('db', { on: 'a1', namespace: 'other' })],
      pod('p', { spec: requires('podAffinity', term('db', 'host', { namespaceSelector: {} })) }),
      ['a1'],
    ],
    [
      'apart from pods of the same version only',
      [
        pod('old', { app: 'p', on: 'a1', labels: { hash: '1' } }),
        pod('new', { app: 'p', on: 'b1', labels: { hash: '2' } }),
      ],
      pod('p', {
        labels: { hash: '2' },
        spec: requires('podAntiAffinity', term('p', 'host', { matchLabelKeys: ['hash'] })),
      }),
      ['a1', 'a2', 'none'],
    ],
    [
      'apart from pods of other versions only',
      [
        pod('old', { app: 'p', on: 'a1', labels: { hash: '1' } }),
        pod('new', { app: 'p', on: 'b1', labels: { hash: '2' } }),
      ],
      pod('p', {
        labels: { hash: '2' },
        spec: requires('podAntiAffinity', term('p', 'host', { mismatchLabelKeys: ['hash'] })),
      }),
      ['a2', 'b1', 'none'],
    ],
    ['in the emptier zone', [pod('x', { app: 'p', on: 'a1' })], pod('p', { spec: spread('p') }), ['b1']],
    [
      'in any zone within the skew',
      [pod('x', { app: 'p', on: 'a1' })],
      pod('p', { spec: spread('p', { maxSkew: 2 }) }),
      ['a1', 'a2', 'b1'],
    ],
    [
      'in any zone, where going pods alone would be too many',
      [pod('x', { app: 'p', on: 'a1', going: true })],
      pod('p', { spec: spread('p') }),
      ['a1', 'a2', 'b1'],
    ],
    [
      'in a zone of its own selector, the other not counting',
      [pod('x', { app: 'p', on: 'a1' })],
      pod('p', { spec: { ...spread('p'), nodeSelector: { zone: 'a' } } }),
      ['a1', 'a2'],
    ],
    [
      'in no zone, where the other counts though it may not go there',
      [pod('x', { app: 'p', on: 'a1' })],
      pod('p', { spec: { ...spread('p', { nodeAffinityPolicy: 'Ignore' }), nodeSelector: { zone: 'a' } } }),
      [],
    ],
    [
      'in a zone without pods, where there are too few zones',
      [pod('x', { app: 'p', on: 'a1' }), pod('y', { app: 'p', on: 'b1' })],
      pod('p', { spec: spread('p', { minDomains: 3 }) }),
      [],
    ],
    [
      'in any zone, where only pods of another revision are in the way',
      [pod('x', { app: 'p', on: 'a1', labels: { hash: '1' } })],
      pod('p', { labels: { hash: '2' }, spec: spread('p', { matchLabelKeys: ['hash'] }) }),
      ['a1', 'a2', 'b1'],
    ],
    [
      'in the emptier zone of its own revision, however many of another are there',
      [
        pod('x', { app: 'p', on: 'a1', labels: { hash: '2' } }),
        pod('y', { app: 'p', on: 'b1', labels: { hash: '1' } }),
        pod('z', { app: 'p', on: 'b1', labels: { hash: '1' } }),
      ],
      pod('p', { labels: { hash: '2' }, spec: spread('p', { matchLabelKeys: ['hash'] }) }),
      ['b1'],
    ],
  ])('puts a pod %s', (_, bound, one, expected) => {
    expect(fitting(ZONES, bound, one)).toEqual(expected);
  });

  it('leaves tainted nodes out of the count where that is asked for', () => {
    const taints = [{ key: 'k', effect: 'NoSchedule' as const }];
    const nodes = [node('a1', 'a'), node('b1', 'b', { spec: { taints } })];
    const bound = [pod('x', { app: 'p', on: 'a1' })];
    expect(fitting(nodes, bound, pod('p', { spec: spread('p') }))).toEqual([]);
    expect(fitting(nodes, bound, pod('p', { spec: spread('p', { nodeTaintsPolicy: 'Honor' }) }))).toEqual(['a1']);
  });

  it.each<[string, readonly Pod[], Partial<PodSpec>, string]>([
    [
      'no pod to be beside',
      [],
      requires('podAffinity', term('db')),
      "0/4 nodes are available: 4 node(s) didn't match pod affinity rules.",
    ],
    [
      'its like everywhere',
      ZONES.map(({ metadata: { name } }) => pod(`x-${name}`, { app: 'p', on: name })),
      requires('podAntiAffinity', term('p', 'host')),
      "0/4 nodes are available: 4 node(s) didn't match pod anti-affinity rules.",
    ],
    [
      'pods that refuse it everywhere',
      ZONES.map(({ metadata: { name } }) =>
        pod(`x-${name}`, { on: name, spec: requires('podAntiAffinity', term('p', 'host')) }),
      ),
      {},
      "0/4 nodes are available: 4 node(s) didn't satisfy existing pods anti-affinity rules.",
    ],
    [
      'too many in the only zone left',
      [pod('x', { app: 'p', on: 'a1' })],
      { ...spread('p', { nodeAffinityPolicy: 'Ignore' }), nodeSelector: { zone: 'a' } },
      `0/4 nodes are available: 2 node(s) didn't match Pod's node affinity/selector, 2 ${SKEWED}.`,
    ],
    [
      'no zone',
      [],
      { ...spread('p'), nodeSelector: { host: 'none' } },
      `0/4 nodes are available: 1 ${SKEWED} (missing required label), 3 node(s) didn't match Pod's node affinity/selector.`,
    ],
  ])('says why in the words of Kubernetes: %s', (_, bound, spec, message) => {
    const { failures } = planScheduleOf({ nodes: ZONES, bound, pods: [pod('p', { spec })] });
    expect(failures.map((failure) => failure.message.split(' preemption: ')[0])).toEqual([message]);
    expect(failures[0]?.retryOn.has('placed')).toBe(true);
  });

  it.each<[string, readonly Pod[], Partial<PodSpec>, string]>([
    ['beside what it likes', [pod('db', { on: 'b1' })], prefers('podAffinity', term('db')), 'b1'],
    [
      'away from what it dislikes',
      [pod('x', { app: 'noisy', on: 'a1' }), pod('y', { app: 'noisy', on: 'none' })],
      prefers('podAntiAffinity', term('noisy')),
      'b1',
    ],
    [
      'where fewest of its like are',
      [pod('x', { app: 'p', on: 'a1' }), pod('y', { app: 'p', on: 'a2' }), pod('z', { app: 'p', on: 'b1' })],
      spread('p', { whenUnsatisfiable: 'ScheduleAnyway' }),
      'b1',
    ],
  ])('prefers a node %s, but takes another', (_, bound, wish, expected) => {
    const nodes = ZONES.filter(({ metadata }) => metadata.name !== 'none' || expected === 'b1');
    const plan = (some: readonly Node[]) =>
      planScheduleOf({ nodes: some, bound, pods: [pod('p', { spec: wish })] }).bindings[0]?.node;
    expect(plan(nodes)).toBe(expected);
    expect(plan([node('a1', 'a')])).toBe('a1');
  });

  const THREE = [node('a1', 'a', {}), node('b1', 'b'), node('c1', 'c')];
  const weighed = (kind: Kind, weight: number, one: object): Partial<PodSpec> =>
    ({
      affinity: { [kind]: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm: one }] } },
    }) as Partial<PodSpec>;
  const away = { labels: { team: 'x' } };
  it.each<[string, readonly Pod[], Pod, string]>([
    ['that would like it there', [pod('f', { on: 'b1', spec: prefers('podAffinity', term('p')) })], pod('p', {}), 'b1'],
    ['that needs pods like it', [pod('f', { on: 'b1', spec: requires('podAffinity', term('p')) })], pod('p', {}), 'b1'],
    [
      'that likes it more than another needs it',
      [
        pod('f', { on: 'c1', spec: weighed('podAffinity', 2, term('p')) }),
        pod('g', { on: 'b1', spec: requires('podAffinity', term('p')) }),
      ],
      pod('p', {}),
      'c1',
    ],
    [
      'of which several like it a little more than one a lot',
      [
        pod('f', { on: 'b1', spec: weighed('podAffinity', 3, term('p')) }),
        pod('g', { on: 'c1', spec: weighed('podAffinity', 2, term('p')) }),
        pod('h', { on: 'c1', app: 'g', spec: weighed('podAffinity', 2, term('p')) }),
      ],
      pod('p', {}),
      'c1',
    ],
    [
      'that would rather not have others beside it than the one that does not mind',
      [
        pod('f', { on: 'a1', spec: prefers('podAntiAffinity', term('p')) }),
        pod('g', { on: 'b1', spec: prefers('podAntiAffinity', term('p')) }),
        pod('h', { on: 'c1' }),
      ],
      pod('p', {}),
      'c1',
    ],
    [
      'whose wish and its own add up',
      [pod('f', { on: 'b1' }), pod('g', { on: 'c1', app: 'f', spec: prefers('podAffinity', term('p')) })],
      pod('p', { spec: prefers('podAffinity', term('f')) }),
      'c1',
    ],
    [
      'whose namespace selector means its namespace',
      [
        pod('f', {
          on: 'b1',
          namespace: 'far',
          spec: prefers('podAffinity', term('p', 'zone', { namespaceSelector: { matchLabels: { team: 'x' } } })),
        }),
      ],
      pod('p', {}),
      'b1',
    ],
    [
      'that likes pods with the same label as its own, not one with another',
      [
        pod('f', {
          on: 'b1',
          labels: { team: 'y' },
          spec: prefers('podAffinity', term('p', 'zone', { matchLabelKeys: ['team'] })),
        }),
        pod('g', {
          on: 'c1',
          labels: { team: 'y' },
          spec: prefers('podAffinity', term('p', 'zone', { mismatchLabelKeys: ['team'] })),
        }),
      ],
      pod('p', away),
      'c1',
    ],
    [
      'of another namespace, which means only pods of its own: nowhere else than usual',
      [pod('f', { on: 'b1', namespace: 'far', spec: prefers('podAffinity', term('p')) })],
      pod('p', {}),
      'a1',
    ],
  ])('puts a pod beside one %s', (_, bound, one, expected) => {
    const table = new NodeTable();
    table.setNamespace('default', { team: 'x' });
    for (const each of THREE) table.setNode(each);
    for (const each of bound) table.place(each.metadata.uid, each, each.spec.nodeName ?? '');
    expect(planSchedule({ table, pods: [one] }).bindings[0]?.node).toBe(expected);
    for (const each of bound) table.unplace(each.metadata.uid);
    expect(planSchedule({ table, pods: [one] }).bindings[0]?.node, 'once they are gone').toBe('a1');
  });

  it('counts the wishes of pods of the same plan', () => {
    const host = pod('a', { spec: { ...prefers('podAffinity', term('p')), nodeSelector: { host: 'c1' } } });
    const { bindings } = planScheduleOf({ nodes: THREE, pods: [host, pod('p', {})] });
    expect(bindings.map(({ node: name }) => name)).toEqual(['c1', 'c1']);
  });

  it('counts pods of the same plan for those after them', () => {
    const pods = [0, 1, 2, 3].map((index) => pod(`p${index}`, { app: 'p', spec: spread('p') }));
    const { bindings } = planScheduleOf({ nodes: ZONES, pods });
    const zones = bindings.map(({ node: name }) => name[0]);
    expect(zones.filter((zone) => zone === 'a')).toHaveLength(2);
    expect(zones.filter((zone) => zone === 'b')).toHaveLength(2);
    const shy = [0, 1, 2].map((index) => pod(`s${index}`, { app: 's', spec: requires('podAntiAffinity', term('s')) }));
    // Nodes without a zone are beside nobody.
    expect(planScheduleOf({ nodes: ZONES.slice(0, 3), pods: shy }).bindings).toHaveLength(2);
  });

  it('tries a pod anew within a plan when the one it wants is placed after it was refused', () => {
    const wants = (name: string) => pod(name, { spec: requires('podAffinity', term('m')) });
    const { bindings } = planScheduleOf({ nodes: ZONES.slice(2, 3), pods: [wants('a'), pod('m', {}), wants('z')] });
    // `z` differs from `a` by its own labels only in name: of like pods, too, the later ones are asked again.
    expect(bindings.map(({ pod: one }) => one.metadata.name)).toEqual(['m', 'z']);
    const like = (name: string) => pod(name, { app: 'like', spec: requires('podAffinity', term('m')) });
    const again = planScheduleOf({ nodes: ZONES.slice(2, 3), pods: [like('a'), pod('m', {}), like('z')] });
    expect(again.bindings.map(({ pod: one }) => one.metadata.name)).toEqual(['m', 'z']);
  });

  it('follows labels of pods, nodes and namespaces as they change', () => {
    const table = new NodeTable();
    for (const each of ZONES) table.setNode(each);
    const wants = pod('p', {
      spec: requires('podAffinity', term('db', 'zone', { namespaceSelector: { matchLabels: { team: 'a' } } })),
    });
    const zone = () => planSchedule({ table, pods: [wants] }).bindings[0]?.node[0];
    expect(table.place('db', pod('db', { on: 'a1', namespace: 'data' }), 'a1')).toBe(true);
    expect(zone()).toBeUndefined();
    expect(table.setNamespace('data', { team: 'a' })).toBe(true);
    expect(table.setNamespace('data', { team: 'a' })).toBe(false);
    expect(zone()).toBe('a');
    expect(table.place('db', pod('db', { app: 'web', on: 'a1', namespace: 'data' }), 'a1')).toBe(true);
    expect(zone()).toBeUndefined();
    table.place('db', pod('db', { on: 'a1', namespace: 'data' }), 'a1');
    table.setNode(node('a1', 'c'));
    expect(planSchedule({ table, pods: [wants] }).bindings[0]?.node).toBe('a1');
    table.setNamespace('data', undefined);
    expect(zone()).toBeUndefined();
  });

  const APPS = ['x', 'y', 'z'];
  const app = fc.constantFrom(...APPS);
  const key = fc.constantFrom('zone', 'host');
  const rule = fc.oneof(
    fc.constant<Partial<PodSpec>>({}),
    fc.tuple(app, key).map(([one, at]) => requires('podAffinity', term(one, at))),
    fc.tuple(app, key).map(([one, at]) => requires('podAntiAffinity', term(one, at))),
    fc
      .tuple(app, key, fc.integer({ min: 1, max: 2 }))
      .map(([one, topologyKey, maxSkew]) => spread(one, { topologyKey, maxSkew })),
    fc.tuple(app, key).map(([one, at]) => prefers('podAntiAffinity', term(one, at))),
  );
  const someNodes = fc
    .array(fc.constantFrom('a', 'b', 'c', undefined), { minLength: 1, maxLength: 5 })
    .map((zones) => zones.map((zone, index) => node(`n${index}`, zone)));
  const somePods = fc
    .array(fc.tuple(app, rule, fc.boolean()), { maxLength: 12 })
    .map((all) =>
      all.map(([of, spec, other], index) => pod(`p${index}`, { app: of, spec, namespace: other ? 'o' : 'd' })),
    );

  it('never places what the rules forbid, told one pod at a time by plain counting', () => {
    fc.assert(
      fc.property(someNodes, somePods, (nodes, pods) => {
        const { bindings, failures } = planScheduleOf({ nodes, pods });
        expect(bindings.length + failures.length).toBe(pods.length);
        const placed: (readonly [Pod, Node])[] = [];
        for (const { pod: one, node: name } of bindings) {
          const at = nodes.find(({ metadata }) => metadata.name === name) as Node;
          expect(isAllowed(one, at, nodes, placed), `${one.metadata.name} on ${name}`).toBe(true);
          placed.push([one, at]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('forgets who was on a node when it goes, and another takes its slot', () => {
    const table = new NodeTable();
    table.setNode(node('a1', 'a'));
    const friend = pod('f', { spec: requires('podAntiAffinity', term('x')) });
    table.place('uid-f', friend, 'a1');
    const wanting = pod('p', { spec: requires('podAffinity', term('f')) });
    const unwanted = pod('x', {});
    const takes = (one: Pod) => planSchedule({ table, pods: [one] }).bindings.length === 1;
    expect([takes(wanting), takes(unwanted)]).toEqual([true, false]);
    table.removeNode('a1');
    table.setNode(node('b1', 'b'));
    expect([takes(wanting), takes(unwanted)]).toEqual([false, true]);
    table.setNode(node('a1', 'a'));
    expect([takes(wanting), takes(unwanted)]).toEqual([true, true]);
  });

  it('answers after any history what a table built anew answers, for wishes, rules and peers alike', () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('place' as const),
        pod: fc.integer({ min: 0, max: 7 }),
        on: fc.integer({ min: 0, max: 3 }),
        of: app,
        rule,
        other: fc.boolean(),
        going: fc.boolean(),
      }),
      fc.record({ do: fc.constant('unplace' as const), pod: fc.integer({ min: 0, max: 7 }) }),
      fc.record({
        do: fc.constant('node' as const),
        on: fc.integer({ min: 0, max: 3 }),
        zone: fc.constantFrom('a', 'b', undefined),
      }),
      fc.record({ do: fc.constant('gone' as const), on: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ do: fc.constant('namespace' as const), team: fc.constantFrom('t', 'u') }),
    );
    const anywhere = { namespaceSelector: { matchLabels: { team: 't' } } };
    const asked = [
      pod('plain', { app: 'x', namespace: 'd' }),
      pod('liking', { app: 'y', namespace: 'd', spec: prefers('podAffinity', term('x', 'host', anywhere)) }),
      pod('needing', { app: 'z', namespace: 'o', spec: requires('podAffinity', term('x', 'zone', anywhere)) }),
      pod('spread', { app: 'x', namespace: 'o', spec: spread('x', { topologyKey: 'host' }) }),
    ];
    const peers = { selectorOf: ({ metadata }: Pod) => ({ matchLabels: { app: metadata.labels?.['app'] ?? '' } }) };
    const hosted = (name: string, zone: string | undefined) =>
      node(name, zone, { labels: { 'kubernetes.io/hostname': name } });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const table = new NodeTable();
        const nodes = new Map<string, Node>();
        const placed = new Map<string, readonly [Pod, string]>();
        let team = '';
        for (const each of steps) {
          const name = 'on' in each ? `n${each.on}` : '';
          if (each.do === 'place') {
            const { of, rule: spec, other, going } = each;
            const one = pod(`p${each.pod}`, { app: of, spec, namespace: other ? 'o' : 'd', going });
            table.place(one.metadata.uid, one, name);
            placed.set(one.metadata.uid, [one, name]);
          } else if (each.do === 'unplace') {
            table.unplace(`uid-p${each.pod}`);
            placed.delete(`uid-p${each.pod}`);
          } else if (each.do === 'node') {
            nodes.set(name, hosted(name, each.zone));
            table.setNode(hosted(name, each.zone));
          } else if (each.do === 'gone') {
            nodes.delete(name);
            table.removeNode(name);
          } else {
            team = each.team;
            table.setNamespace('o', { team });
          }
          // Plans along the way are what is remembered, and must be forgotten, of.
          planSchedule({ table, pods: asked, peers });
        }
        const anew = new NodeTable();
        if (team !== '') anew.setNamespace('o', { team });
        for (const each of nodes.values()) anew.setNode(each);
        for (const [uid, [one, name]] of placed) anew.place(uid, one, name);
        const told = (of: NodeTable) =>
          asked
            .map((one) => planSchedule({ table: of, pods: [one], peers }))
            .map(({ bindings: [binding], failures: [failure] }) => [binding?.node, failure?.message]);
        expect(told(table)).toEqual(told(anew));
      }),
      { numRuns: 100 },
    );
  });

  it('refuses nothing that the rules allow, at the moment it is refused', () => {
    fc.assert(
      fc.property(someNodes, somePods, (nodes, pods) => {
        const { bindings } = planScheduleOf({ nodes, pods });
        const at = (name: string) => nodes.find(({ metadata }) => metadata.name === name) as Node;
        const placed = bindings.map(({ pod: one, node: name }) => [one, at(name)] as const);
        const bound = bindings.map(({ pod: one, node: name }) => ({ ...one, spec: { ...one.spec, nodeName: name } }));
        for (const [index, spec] of [{}, requires('podAffinity', term('x')), spread('y')].entries()) {
          const late = pod(`late${index}`, { app: 'y', spec, namespace: 'd' });
          const allowed = nodes.filter((each) => isAllowed(late, each, nodes, placed));
          expect(fitting(nodes, bound, late)).toEqual(allowed.map(({ metadata }) => metadata.name));
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** Names of the nodes that take a pod, each asked alone by filling all others. */
function fitting(nodes: readonly Node[], bound: readonly Pod[], one: Pod): string[] {
  const { failures } = planScheduleOf({ nodes, bound, pods: [one] });
  if (failures[0] !== undefined) return [];
  return nodes
    .filter((each) => {
      const alone = nodes.map((other) => (other === each ? other : full(other)));
      return planScheduleOf({ nodes: alone, bound, pods: [one] }).bindings[0]?.node === each.metadata.name;
    })
    .map(({ metadata }) => metadata.name);
}

/** The node, with no room for another pod. */
const full = (each: Node): Node => ({
  ...each,
  status: { ...each.status, allocatable: { ...each.status?.allocatable, pods: '0' } },
});

/** The rules once more, by counting pods one by one. */
function isAllowed(one: Pod, at: Node, nodes: readonly Node[], placed: readonly (readonly [Pod, Node])[]): boolean {
  const labelOf = (each: Node, key: string) => each.metadata.labels?.[key];
  const isApp = (each: Pod, selector: { matchLabels?: Labels } | undefined) =>
    each.metadata.labels?.['app'] === selector?.matchLabels?.['app'];
  const sameSpace = (left: Pod, right: Pod) => left.metadata.namespace === right.metadata.namespace;
  const hard = (each: Pod, kind: Kind) =>
    each.spec.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const beside = (other: Node, key: string) =>
    labelOf(at, key) !== undefined && labelOf(at, key) === labelOf(other, key);
  for (const { topologyKey: key, labelSelector } of hard(one, 'podAffinity')) {
    if (labelOf(at, key) === undefined) return false;
    const friends = placed.filter(([other]) => sameSpace(other, one) && isApp(other, labelSelector));
    const withPlace = friends.filter(([, where]) => labelOf(where, key) !== undefined);
    const first = withPlace.length === 0 && isApp(one, labelSelector);
    if (!first && !withPlace.some(([, where]) => beside(where, key))) return false;
  }
  for (const [other, where] of placed) {
    const clashes = (left: Pod, right: Pod) =>
      hard(left, 'podAntiAffinity').some(
        ({ topologyKey, labelSelector }) =>
          sameSpace(left, right) && isApp(right, labelSelector) && beside(where, topologyKey),
      );
    if (clashes(one, other) || clashes(other, one)) return false;
  }
  for (const { topologyKey: key, labelSelector, maxSkew } of one.spec.topologySpreadConstraints ?? []) {
    if (labelOf(at, key) === undefined) return false;
    const count = (value: string | undefined) =>
      placed.filter(([o, w]) => sameSpace(o, one) && isApp(o, labelSelector) && labelOf(w, key) === value).length;
    const values = nodes.map((each) => labelOf(each, key)).filter((value) => value !== undefined);
    const least = Math.min(...values.map(count));
    if (count(labelOf(at, key)) + (isApp(one, labelSelector) ? 1 : 0) - least > maxSkew) return false;
  }
  return true;
}
