/** Source: kubernetes test/e2e/apimachinery/watch.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CONFIG_MAPS, type ConfigMap } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import type { Resource, Watching } from '../support/resource.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 0 });
});
afterAll(() => bed.close());

const LABEL = 'watch-this-configmap';
const configMap = (name: string, value: string) => ({ metadata: { name, labels: { [LABEL]: value } } });
const configMaps = async () => bed.of(CONFIG_MAPS, await bed.namespace('watch'));
const labelled = (maps: Resource<ConfigMap>, values: readonly string[], resourceVersion = '') =>
  maps.watch({
    labelSelector: `${LABEL} in (${values.join(',')})`,
    ...(resourceVersion === '' ? {} : { resourceVersion }),
  });
const mutate = (maps: Resource<ConfigMap>, name: string, mutation: string) =>
  maps.change(name, (map) => {
    map.data = { ...map.data, mutation };
  });
const relabel = (maps: Resource<ConfigMap>, name: string, value: string) =>
  maps.change(name, (map) => {
    map.metadata.labels = { [LABEL]: value };
  });
/** Type, and the object where the official test compares it. */
const told = ({ seen }: Watching<ConfigMap>) =>
  seen.map(({ type, object }) => (type === 'DELETED' ? [type, object.metadata.name] : [type, object]));
/** Waits until a watch has told as much as this and compares all of it: that nothing else came shows by what came after. */
async function expectTold(watch: Watching<ConfigMap>, expected: readonly (readonly [string, unknown])[]) {
  const last = expected.at(-1);
  await expect.poll(() => told(watch).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(expected.length);
  expect(told(watch)).toEqual(expected);
  expect(last).toBeDefined();
}

it('[sig-api-machinery] Watchers should observe add, update, and delete watch notifications on configmaps [Conformance]', async () => {
  const maps = await configMaps();
  const [watchA, watchB, watchAB] = await Promise.all([
    labelled(maps, ['multiple-watchers-A']),
    labelled(maps, ['multiple-watchers-B']),
    labelled(maps, ['multiple-watchers-A', 'multiple-watchers-B']),
  ]);
  const a = await maps.create(configMap('e2e-watch-test-configmap-a', 'multiple-watchers-A'));
  const a1 = await mutate(maps, a.metadata.name, '1');
  const a2 = await mutate(maps, a.metadata.name, '2');
  await maps.delete(a.metadata.name);
  const b = await maps.create(configMap('e2e-watch-test-configmap-b', 'multiple-watchers-B'));
  await maps.delete(b.metadata.name);

  const ofA = [
    ['ADDED', a],
    ['MODIFIED', a1],
    ['MODIFIED', a2],
    ['DELETED', a.metadata.name],
  ] as const;
  const ofB = [
    ['ADDED', b],
    ['DELETED', b.metadata.name],
  ] as const;
  await expectTold(watchAB, [...ofA, ...ofB]);
  // What is told last to all: A, which is told nothing of B, is told of something of its own.
  const end = await maps.create(configMap('e2e-watch-test-end', 'multiple-watchers-A'));
  await expectTold(watchA, [...ofA, ['ADDED', end]]);
  await expectTold(watchB, ofB);
  for (const watch of [watchA, watchB, watchAB]) watch.stop();
});

it('[sig-api-machinery] Watchers should be able to start watching from a specific resource version [Conformance]', async () => {
  const maps = await configMaps();
  const { metadata } = await maps.create(configMap('e2e-watch-test-resource-version', 'from-resource-version'));
  const first = await mutate(maps, metadata.name, '1');
  const second = await mutate(maps, metadata.name, '2');
  await maps.delete(metadata.name);
  const watch = await labelled(maps, ['from-resource-version'], first.metadata.resourceVersion);
  await expectTold(watch, [
    ['MODIFIED', second],
    ['DELETED', metadata.name],
  ]);
  watch.stop();
});

it('[sig-api-machinery] Watchers should be able to restart watching from the last resource version observed by the previous watch [Conformance]', async () => {
  const maps = await configMaps();
  const broken = await labelled(maps, ['watch-closed-and-restarted']);
  const map = await maps.create(configMap('e2e-watch-test-watch-closed', 'watch-closed-and-restarted'));
  const { name } = map.metadata;
  await mutate(maps, name, '1');
  expect(await broken.next('ADDED')).toEqual(map);
  const last = await broken.next('MODIFIED');
  broken.stop();
  const second = await mutate(maps, name, '2');
  const restarted = await labelled(maps, ['watch-closed-and-restarted'], last.metadata.resourceVersion);
  await maps.delete(name);
  await expectTold(restarted, [
    ['MODIFIED', second],
    ['DELETED', name],
  ]);
  restarted.stop();
});

it('[sig-api-machinery] Watchers should observe an object deletion if it stops meeting the requirements of the selector [Conformance]', async () => {
  const maps = await configMaps();
  const value = 'label-changed-and-restored';
  const watch = await labelled(maps, [value]);
  const map = await maps.create(configMap('e2e-watch-test-label-changed', value));
  const { name } = map.metadata;
  const first = await mutate(maps, name, '1');
  await relabel(maps, name, 'wrong-value');
  const gone = [
    ['ADDED', map],
    ['MODIFIED', first],
    ['DELETED', name],
  ] as const;
  await expectTold(watch, gone);
  await mutate(maps, name, '2'); // told to nobody, as what follows shows
  const restored = await relabel(maps, name, value);
  const third = await mutate(maps, name, '3');
  await maps.delete(name);
  await expectTold(watch, [...gone, ['ADDED', restored], ['MODIFIED', third], ['DELETED', name]]);
  watch.stop();
});

it('[sig-api-machinery] Watchers should receive events on concurrent watches in same order [Conformance]', async () => {
  const maps = await configMaps();
  const WATCHES = 100;
  let { resourceVersion } = (await maps.list()).metadata;
  let going = true;
  const producing = produce(maps, () => going);
  const watches: Watching<ConfigMap>[] = [];
  const versionAt = async (watch: Watching<ConfigMap>, at: number) => {
    await expect.poll(() => watch.seen[at], { timeout: 20_000, interval: 2 }).toBeDefined();
    return watch.seen[at]?.object.metadata.resourceVersion;
  };
  for (let at = 0; at < WATCHES; at += 1) {
    watches.push(await maps.watch({ resourceVersion }));
    // The first watch has told this one as its event number `at`; the one that was opened i rounds later, as number at − i.
    const versions = await Promise.all(watches.map((watch, since) => versionAt(watch, at - since)));
    resourceVersion = versions[0] ?? '';
    expect(new Set(versions)).toEqual(new Set([resourceVersion]));
  }
  going = false;
  await producing;
  for (const watch of watches) watch.stop();
});

/** Creates, changes and deletes one after the other, in a mix that is the same each time. */
async function produce(maps: Resource<ConfigMap>, going: () => boolean): Promise<void> {
  const existing: string[] = [];
  for (let at = 0; going(); at += 1) {
    const chosen = existing[(at * 7) % Math.max(1, existing.length)];
    const turn = (at * at + at) % 3;
    if (chosen === undefined || turn === 0) {
      existing.push(`cm-${at}`);
      await maps.create({ metadata: { name: `cm-${at}` } });
    } else if (turn === 2 && at % 2 === 0) await maps.update({ metadata: { name: chosen }, data: { at: String(at) } });
    else {
      existing.splice(existing.indexOf(chosen), 1);
      await maps.delete(chosen);
    }
  }
}
