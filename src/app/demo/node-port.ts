import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { type KubeObject, parseManifests } from '#api';
import { errorCode } from '#base';
import { StartError } from '../errors.ts';

/** Where the sample's Service stands in the demo repository. */
const SERVICE_FILE = 'web/service.yaml';

/** The NodePort by which the sample is reached, as the demo repository has it now; undefined when it has none. */
export async function sampleNodePort(demoDir: string): Promise<number | undefined> {
  let text: string;
  try {
    text = await readFile(path.join(demoDir, SERVICE_FILE), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  for (const { object } of parseManifests(text, SERVICE_FILE).objects) {
    if (object.kind !== 'Service') continue;
    const { spec } = object as KubeObject & { readonly spec?: { readonly ports?: readonly { nodePort?: unknown }[] } };
    const port = spec?.ports?.map(({ nodePort }) => nodePort).find((value) => typeof value === 'number');
    if (typeof port === 'number') return port;
  }
  return undefined;
}

/**
 * Throws `NodePortTaken` when another program listens where the agent is to answer for the sample, before anything is
 * started. To be asked only while no agent of this installation runs: its relay is that listener.
 */
export async function requireFreeNodePort(port: number, demoDir: string): Promise<void> {
  const problem = await listenProblem(port);
  if (problem === undefined) return;
  const file = path.join(demoDir, SERVICE_FILE);
  throw new StartError(
    'NodePortTaken',
    `port ${port} on 127.0.0.1, where the sample is to answer, ${
      problem === 'EADDRINUSE' ? 'is taken by another program' : `cannot be had (${problem})`
    }`,
    `End that program (ss -ltnp 'sport = :${port}' names it); or choose another port from 30000 to 32767: change nodePort in ${file}, then git -C ${demoDir} commit -am 'Another port'`,
  );
}

function listenProblem(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(errorCode(error) ?? error.message));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
