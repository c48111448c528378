import { PODS } from '#api';
import { CliError } from '../errors.ts';
import { notFound } from '../resources.ts';
import type { Session } from '../session.ts';

export interface LogsOptions {
  readonly namespace: string;
  readonly container?: string;
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly tail?: number;
  readonly timestamps?: boolean;
}

/** Writes a pod's log to `sink` as it comes, no faster than the sink takes it. */
export async function logs(
  { client }: Session,
  name: string,
  options: LogsOptions,
  sink: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const { namespace, container, follow, previous, tail, timestamps } = options;
  const pod = await client.get(PODS, { namespace, name });
  if (pod === undefined) throw notFound(PODS, name, namespace);
  const names = pod.spec.containers.map((one) => one.name);
  if (container === undefined && names.length > 1)
    throw new CliError(`pod ${name} has several containers`, {
      hint: `Name one with -c: ${names.join(', ')}`,
      exitCode: 2,
    });
  const stream = client.logs(
    { namespace, name },
    {
      container: container ?? names[0] ?? '',
      ...(follow === undefined ? {} : { follow }),
      ...(previous === undefined ? {} : { previous }),
      ...(tail === undefined ? {} : { tailLines: tail }),
      ...(timestamps === undefined ? {} : { timestamps }),
    },
  );
  for await (const chunk of stream) await sink(chunk);
}
