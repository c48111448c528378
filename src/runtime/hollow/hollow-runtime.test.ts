import { systemClock } from '#base';
import { runtimeContract } from '../runtime.contract.ts';
import type { ContainerConfig } from '../runtime.ts';
import { createHollowRuntime, type HollowProcess } from './hollow-runtime.ts';

const programs: Readonly<Record<string, HollowProcess>> = {
  patient: { stopCode: 0 },
  stubborn: {},
  failing: { exitAfterMs: 0, exitCode: 3, output: 'hello\nworld' },
};

runtimeContract('src/runtime/hollow/hollow-runtime.ts', async () => {
  const runtime = createHollowRuntime({
    clock: systemClock,
    images: ['plumbline.test/busybox:1'],
    behave: ({ command }: ContainerConfig) => programs[command?.[0] ?? ''] ?? {},
  });
  return {
    runtime,
    image: 'plumbline.test/busybox:1',
    programs: {
      patient: ['patient'],
      stubborn: ['stubborn'],
      failing: ['failing'],
      endless: ['sleep'],
      happy: ['true'],
      echoing: ['echo'],
    },
    kill: async ({ id }) => runtime.control.exit(id, 137),
    clean: async () => undefined,
  };
});
