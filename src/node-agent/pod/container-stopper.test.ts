import { describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { createHollowRuntime } from '#runtime';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { ContainerStopper } from './container-stopper.ts';
import type { ContainerSpec, Pod } from './pod.types.ts';
import { PodContext, type PodDeps } from './pod-context.ts';
import type { PodPlace } from './pod-place.ts';
import { RuntimeView } from './runtime-view.ts';

const IMAGE = 'local/app:1';
const HOUR_MS = 3_600_000;

/** A pod whose containers run and hear no signal, and what stops them. */
async function bedOf(...containers: readonly ContainerSpec[]) {
  const clock = new FakeClock();
  const runtime = createHollowRuntime({ clock, images: [IMAGE], behave: () => ({}) });
  const view = new RuntimeView(
    runtime,
    silentLog,
    () => undefined,
    () => undefined,
  );
  const identity = { namespace: 'default', name: 'web', uid: 'uid-1' };
  const sandbox = await runtime.runSandbox({ pod: identity, hostname: 'web', attempt: 0, network: 'pod' });
  for (const { name } of containers) {
    const config = { pod: identity, sandboxId: sandbox.id, name, attempt: 0, image: IMAGE };
    const made = await runtime.createContainer({ ...config, env: [], mounts: [], resources: {} });
    await runtime.startContainer(made.id);
  }
  await view.relist();
  const metadata = { ...identity, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
  const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [...containers] } };
  const recorder = { record: () => undefined };
  const node = { clusterCidr: '10.244.0.0/16' };
  const { signal } = new AbortController();
  const deps = { clock, runtime, view, recorder, node, log: silentLog, signal } as unknown as PodDeps;
  const context = new PodContext(deps, pod, () => stopper.see());
  const place = { containers: () => view.containers(identity.uid), podIP: undefined } as unknown as PodPlace;
  const stopper = new ContainerStopper(context, place);
  const idOf = (name: string) => view.containers(identity.uid).find((one) => one.name === name)?.id ?? '';
  const runs = async (name: string) => (await runtime.containerStatus(idOf(name)))?.state === 'running';
  return { clock, stopper, idOf, runs };
}

const why = 'the pod is being deleted';

describe('src/node-agent/pod/container-stopper.ts', () => {
  it.each([
    ['forward', HOUR_MS],
    ['back', -HOUR_MS],
  ])('gives a container its whole time, and no more, when the clock jumps an hour %s meanwhile', async (_, jumpMs) => {
    const hooked = { name: 'app', lifecycle: { preStop: { sleep: { seconds: 10 } } } };
    const { clock, stopper, idOf, runs } = await bedOf(hooked);
    stopper.stop({ id: idOf('app'), name: 'app', graceSeconds: 30, why });
    await clock.advance(5_000);
    clock.jump(jumpMs);
    await clock.advance(24_000);
    expect(await runs('app')).toBe(true);
    await clock.advance(1_000);
    expect(await runs('app')).toBe(false);
  });

  it.each([
    ['forward', HOUR_MS],
    ['back', -HOUR_MS],
  ])('lets a container wait for its turn no longer when the clock jumps an hour %s', async (_, jumpMs) => {
    const { clock, stopper, idOf, runs } = await bedOf({ name: 'app' }, { name: 'side' });
    stopper.stop({ id: idOf('side'), name: 'side', graceSeconds: 10, why, after: [idOf('app')] });
    clock.jump(jumpMs);
    await clock.advance(11_000);
    expect(await runs('side')).toBe(true); // after its turn it has two seconds at least
    await clock.advance(1_000);
    expect([await runs('app'), await runs('side')]).toEqual([true, false]);
  });

  it('hastens a stop under way, during its hook too', async () => {
    const hooked = { name: 'app', lifecycle: { preStop: { sleep: { seconds: 25 } } } };
    const { clock, stopper, idOf, runs } = await bedOf(hooked);
    stopper.stop({ id: idOf('app'), name: 'app', graceSeconds: 30, why });
    await clock.advance(2_000);
    stopper.stop({ id: idOf('app'), name: 'app', graceSeconds: 1, why });
    expect(await runs('app')).toBe(true);
    await clock.advance(1_000);
    expect(await runs('app')).toBe(false);
  });
});
