import path from 'node:path';
import { expect } from 'vitest';
import { type ApiServer, startApiServer } from './api-server.ts';
import { createKubectl, type KubectlResult } from './kubectl.ts';

/** Stock kubectl, as an administrator, on a whole API server of its own. */
export interface KubectlBed {
  readonly server: ApiServer;
  /** A command line, cut at blanks; arguments with blanks come as a list. Never throws on a non-zero exit. */
  kubectl(args: string | readonly string[], input?: string): Promise<KubectlResult>;
  /** The output of a command that must succeed without a word of warning. */
  ok(args: string, input?: string): Promise<string>;
  close(): Promise<void>;
}

/** `binary` is what `findKubectl` found; a test without one is skipped before it gets here. */
export async function startKubectlBed(binary: string | undefined): Promise<KubectlBed> {
  if (binary === undefined) throw new Error('there is no kubectl here');
  const server = await startApiServer();
  const kubeconfig = await server.kubeconfig({ name: 'admin', groups: ['system:masters'] });
  const run = createKubectl(binary, kubeconfig, path.join(server.directory, 'cache'));
  const kubectl: KubectlBed['kubectl'] = (args, input) =>
    run(typeof args === 'string' ? args.split(' ') : args, {
      timeoutMs: 20_000,
      ...(input === undefined ? {} : { input }),
    });
  return {
    server,
    kubectl,
    async ok(args, input) {
      const { stdout, stderr, code } = await kubectl(args, input);
      expect(stderr, `kubectl ${args}`).toBe('');
      expect(code).toBe(0);
      return stdout;
    },
    close: () => server.close(),
  };
}
