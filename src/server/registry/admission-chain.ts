import type { KubeObject, StoredObject } from '#api';
import type { RequestContext, ResourceRow, Subresource } from './api.ts';

/** One write on its way into the store, after its caller was found to have the right. */
export interface AdmissionRequest {
  readonly context: RequestContext;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  /** Of a create that an apply turned out to be: `patch`. */
  readonly isApply?: boolean;
  /** Of the stored version. */
  readonly row: ResourceRow;
  readonly subresource?: Subresource;
  readonly namespace: string;
  readonly name: string;
  /** As it would be stored; of a deletion, as it stands. */
  readonly object: KubeObject;
  readonly old?: StoredObject;
  readonly dryRun: boolean;
}

/** A rule over writes that needs more than the object itself. */
export interface AdmissionPlugin {
  readonly name: string;
  /** Fills in what the writer left to the cluster. Before defaults of the server and before validation; answers a copy. */
  mutate?(request: AdmissionRequest): Promise<KubeObject> | KubeObject;
  /** Throws the refusal. May be asked several times for one write, each time somebody else was faster. */
  validate?(request: AdmissionRequest): Promise<void> | void;
  /** What whoever writes is to be told of a write that is let in. */
  warn?(request: AdmissionRequest): Promise<readonly string[]> | readonly string[];
}

/** The rules every write passes, over HTTP and in process alike, in the order in which they were added. */
export class AdmissionChain {
  readonly #plugins: AdmissionPlugin[] = [];

  add(plugin: AdmissionPlugin): void {
    this.#plugins.push(plugin);
  }

  async mutate(request: AdmissionRequest): Promise<KubeObject> {
    let { object } = request;
    for (const plugin of this.#plugins) object = (await plugin.mutate?.({ ...request, object })) ?? object;
    return object;
  }

  /** Throws the first refusal, or answers everyone's warnings. */
  async validate(request: AdmissionRequest): Promise<readonly string[]> {
    const warnings: string[] = [];
    for (const plugin of this.#plugins) await plugin.validate?.(request);
    for (const plugin of this.#plugins) warnings.push(...((await plugin.warn?.(request)) ?? []));
    return warnings;
  }
}
