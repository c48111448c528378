import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServicePortRoute } from '../network.types.ts';
import { affinityObjects, endName } from './affinity.plan.ts';
import { type Front, planFronts } from './fronts.plan.ts';
import type { NftCommand } from './nft.types.ts';
import type { RulesetOptions } from './ruleset.plan.ts';
import { planChange, planFullLoad } from './services.plan.ts';

const OPTIONS: RulesetOptions = {
  podCidr: '10.244.1.0/24',
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/16',
  dnsIP: '10.96.0.10',
};

/** The kernel's table as far as we use it, with its refusals: adding what is there, deleting what is not. */
class Kernel {
  readonly elements = new Map<string, string>();
  readonly rules = new Map<string, string[]>();
  /** Sets that are no part of the base, with their definitions. */
  readonly sets = new Map<string, string>();

  run(commands: readonly NftCommand[]): void {
    for (const command of commands) {
      if (command.add !== undefined) this.#add(command.add);
      if (command.delete?.['element'] !== undefined) this.#delete(command.delete['element']);
      if (command.delete?.['chain'] !== undefined) this.#deleteChain(String(command.delete['chain']['name']));
      if (command.delete?.['set'] !== undefined) this.#deleteSet(String(command.delete['set']['name']));
      if (command.flush !== undefined) this.#flush(command.flush);
    }
  }

  #add({ chain, rule, element, set }: NonNullable<NftCommand['add']>): void {
    if (set?.['timeout'] !== undefined) {
      if (this.sets.has(String(set['name']))) throw new Error(`File exists: ${set['name']}`);
      this.sets.set(String(set['name']), JSON.stringify(set));
    }
    if (chain !== undefined) this.rules.set(String(chain['name']), this.rules.get(String(chain['name'])) ?? []);
    if (rule !== undefined) {
      const text = JSON.stringify(rule['expr']);
      for (const [, name] of text.matchAll(/"target":"([^"]+)"/g)) this.#chain(name);
      for (const [, name] of text.matchAll(/"@(to-[^"]+)"/g)) {
        if (!this.sets.has(String(name))) throw new Error(`No such set: ${name}`);
      }
      this.#chain(rule['chain']).push(text);
    }
    if (element === undefined) return;
    for (const entry of element['elem'] as readonly unknown[]) {
      const [key, data] = Array.isArray(entry) ? entry : [entry, null];
      const name = `${element['name']} ${JSON.stringify(key)}`;
      if (this.elements.has(name)) throw new Error(`File exists: ${name}`);
      const target = (data as { goto?: { target: string } } | null)?.goto?.target;
      if (target !== undefined) this.#chain(target);
      this.elements.set(name, JSON.stringify(data));
    }
  }

  #delete(element: { readonly [key: string]: unknown }): void {
    for (const key of element['elem'] as readonly unknown[]) {
      const name = `${element['name']} ${JSON.stringify(key)}`;
      if (!this.elements.delete(name)) throw new Error(`No such file or directory: ${name}`);
    }
  }

  #deleteChain(name: string): void {
    const all = [...this.elements.values(), ...[...this.rules.values()].flat()];
    if (all.some((text) => text.includes(`"target":"${name}"`))) throw new Error(`Device or resource busy: ${name}`);
    if (!this.rules.delete(name)) throw new Error(`No such chain: ${name}`);
  }

  #deleteSet(name: string): void {
    const rules = [...this.rules.values()].flat();
    if (rules.some((text) => text.includes(`"@${name}"`))) throw new Error(`Device or resource busy: ${name}`);
    if (!this.sets.delete(name)) throw new Error(`No such set: ${name}`);
  }

  /** What a listing of the table tells. */
  get names() {
    return { chains: [...this.rules.keys()], sets: [...this.sets.keys(), 'hairpin'] };
  }

  #flush({ table, map, set, chain }: NonNullable<NftCommand['flush']>): void {
    if (chain !== undefined) this.#chain(chain['name']).length = 0;
    if (table !== undefined) for (const chain of this.rules.keys()) this.rules.set(chain, []);
    const name = (map ?? set)?.['name'];
    if (name === undefined) return;
    for (const key of [...this.elements.keys()]) if (key.startsWith(`${name} `)) this.elements.delete(key);
  }

  #chain(name: unknown): string[] {
    const chain = this.rules.get(String(name));
    if (chain === undefined) throw new Error(`No such chain: ${name}`);
    return chain;
  }
}

const backend = fc.record({
  ip: fc.constantFrom(...[2, 3, 4, 5].map((n) => `10.244.1.${n}`)),
  port: fc.constantFrom(80, 81),
});
const route: fc.Arbitrary<ServicePortRoute> = fc
  .record({
    service: fc.constantFrom('a', 'b', 'c', 'd'),
    protocol: fc.constantFrom('TCP' as const, 'UDP' as const),
    clusterIP: fc.constantFrom('10.96.0.1', '10.96.0.2', '10.96.0.10'),
    port: fc.constantFrom(53, 80),
    nodePort: fc.option(fc.constantFrom(30_001, 30_002), { nil: undefined }),
    backends: fc.array(backend, { maxLength: 5 }),
    affinitySeconds: fc.option(fc.constantFrom(10, 20), { nil: undefined }),
  })
  .map(({ nodePort, affinitySeconds, ...rest }) => ({
    ...rest,
    ...(nodePort === undefined ? {} : { nodePort }),
    ...(affinitySeconds === undefined ? {} : { affinitySeconds }),
  }));
const routes = fc.array(route, { maxLength: 6 });
const frontsOf = (services: readonly ServicePortRoute[]) => planFronts({ services }, OPTIONS).fronts;
const isOfAffinity = (chain: string) => /^(stay|to)-/.test(chain);

describe('src/network/services/services.plan.ts', () => {
  it('leads, by any changes, to the same elements as one full load', () => {
    fc.assert(
      fc.property(fc.array(routes, { minLength: 1, maxLength: 6 }), (steps) => {
        const kernel = new Kernel();
        const first = planFullLoad(frontsOf([]), OPTIONS);
        kernel.run(first.commands);
        let state = first.after;
        for (const step of steps) {
          const { commands, after } = planChange(state, frontsOf(step));
          kernel.run(commands);
          state = after;
        }
        const fresh = new Kernel();
        const whole = planFullLoad(frontsOf(steps.at(-1) ?? []), OPTIONS);
        fresh.run(whole.commands);
        expect(kernel.elements).toEqual(fresh.elements);
        expect(state.backends).toEqual(whole.after.backends);
        for (const [chain, rules] of fresh.rules) expect(kernel.rules.get(chain)).toEqual(rules);
        expect(kernel.sets).toEqual(fresh.sets);
        expect([...kernel.rules.keys()].filter(isOfAffinity).sort()).toEqual(
          [...fresh.rules.keys()].filter(isOfAffinity).sort(),
        );
      }),
    );
  });

  it('loads the whole over whatever stood there', () => {
    fc.assert(
      fc.property(routes, routes, (before, after) => {
        const kernel = new Kernel();
        kernel.run(planFullLoad(frontsOf(before), OPTIONS).commands);
        const kept = new Map(kernel.sets);
        const { commands } = planFullLoad(frontsOf(after), OPTIONS, affinityObjects(kernel.names));
        kernel.run(commands);
        const fresh = new Kernel();
        fresh.run(planFullLoad(frontsOf(after), OPTIONS).commands);
        expect(kernel.elements).toEqual(fresh.elements);
        expect(kernel.sets).toEqual(fresh.sets);
        for (const [chain, rules] of fresh.rules) expect(kernel.rules.get(chain)).toEqual(rules);
        // A set that stands is not made again: that would forget its clients.
        const made = commands.flatMap((command) => command.add?.['set']?.['name'] ?? []);
        expect(made.filter((name) => kept.has(String(name)))).toEqual([]);
      }),
    );
  });

  it('does nothing when nothing changed, and never touches its input', () => {
    fc.assert(
      fc.property(routes, (list) => {
        const { after } = planFullLoad(frontsOf(list), OPTIONS);
        const frozen = Object.freeze({ ...after, fronts: new Map(after.fronts) });
        expect(planChange(frozen, frontsOf(list)).commands).toEqual([]);
        expect(frozen.fronts).toEqual(after.fronts);
      }),
    );
  });

  const front = (change: Partial<Front> & { readonly ips: readonly string[] }): ReadonlyMap<string, Front> => {
    const { ips, ...rest } = change;
    const backends = ips.map((ip) => ({ ip, port: 80 }));
    const made: Front = { id: 'x', kind: 'cluster', protocol: 'tcp', ip: '10.96.0.1', port: 80, backends, ...rest };
    return new Map([[made.id, made]]);
  };

  it('changes of one backend in a thousand Services only that Service', () => {
    const many = new Map(
      Array.from(
        { length: 1_000 },
        (_, i) =>
          [...front({ ips: ['10.244.1.2', '10.244.1.3'], id: `${i}`, ip: `10.96.${i >> 8}.${i & 255}` })][0] ?? [
            '',
            undefined as never,
          ],
      ),
    );
    const { after } = planFullLoad(many, OPTIONS);
    const changed = new Map(many).set('7', {
      ...(many.get('7') as Front),
      backends: [
        { ip: '10.244.1.2', port: 80 },
        { ip: '10.244.1.4', port: 80 },
      ],
    });
    const { commands } = planChange(after, changed);
    const touched = commands.flatMap((command) => (command.add ?? command.delete)?.['element']?.['elem'] ?? []);
    // One address goes and one comes, and the new one may come back to itself.
    expect(touched).toHaveLength(3);
  });

  it('keeps a chooser once made, and makes each only once', () => {
    const one = planFullLoad(front({ ips: ['10.244.1.2'] }), OPTIONS);
    const two = planChange(one.after, front({ ips: ['10.244.1.2', '10.244.1.3'] }));
    expect(two.commands.some((command) => command.add?.['chain']?.['name'] === 'cluster-2')).toBe(true);
    const back = planChange(two.after, front({ ips: ['10.244.1.2'] }));
    expect(back.commands.some((command) => command.add?.['chain'] !== undefined)).toBe(false);
  });

  it('keeps the clients of backends that stay when others come and go', () => {
    const affinity = { key: 'default/web:http TCP', seconds: 10 };
    const one = planFullLoad(front({ ips: ['10.244.1.2', '10.244.1.3'], affinity }), OPTIONS);
    const { commands, changesRules } = planChange(one.after, front({ ips: ['10.244.1.2', '10.244.1.4'], affinity }));
    const names = (verb: 'add' | 'delete') => commands.flatMap((command) => command[verb]?.['set']?.['name'] ?? []);
    const end = (ip: string) => endName(affinity, { ip, port: 80 });
    expect([names('add'), names('delete'), changesRules]).toEqual([[end('10.244.1.4')], [end('10.244.1.3')], true]);
  });

  it.each<[string, readonly string[], readonly string[], readonly (string | undefined)[]]>([
    ['that lost a backend', ['10.244.1.2', '10.244.1.3'], ['10.244.1.3'], ['10.244.1.2']],
    ['that is new, from when it led nowhere', [], ['10.244.1.2'], [undefined]],
    ['that is gone', ['10.244.1.2'], [], ['10.244.1.2']],
    ['that only won a backend: none', ['10.244.1.2'], ['10.244.1.2', '10.244.1.3'], []],
  ])('names the UDP flows to forget of a front %s', (_name, before, after, expected) => {
    const from = planFullLoad(before.length === 0 ? new Map() : front({ ips: before, protocol: 'udp' }), OPTIONS).after;
    const { staleFlows } = planChange(from, after.length === 0 ? new Map() : front({ ips: after, protocol: 'udp' }));
    expect(staleFlows.map(({ backendIP }) => backendIP)).toEqual(expected);
  });

  it('forgets no TCP flow: those end by themselves', () => {
    const { after } = planFullLoad(front({ ips: ['10.244.1.2'] }), OPTIONS);
    expect(planChange(after, new Map()).staleFlows).toEqual([]);
  });

  it('lets no name of a Service into a rule', () => {
    const evil = 'svc"; add table ip INJECTED; "';
    const text = JSON.stringify(
      planFullLoad(
        frontsOf([
          {
            service: evil,
            protocol: 'TCP',
            clusterIP: '10.96.0.1',
            port: 80,
            backends: [{ ip: '10.244.1.2', port: 1 }],
          },
        ]),
        OPTIONS,
      ).commands,
    );
    expect(text).not.toContain('INJECTED');
  });
});
