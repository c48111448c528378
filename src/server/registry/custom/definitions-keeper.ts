import {
  CLEANUP_FINALIZER,
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  isApiError,
  type KubeObject,
  type ResourceType,
  resourceTypeOf,
  storageVersion,
} from '#api';
import { backoffMs, type Clock, equalJson, errorCode, type Log, sleep } from '#base';
import type { WatchCache } from '../../watch-cache/watch-cache.ts';
import type { Api, RequestContext, ResourceRow } from '../api.ts';
import { resourceName } from '../keys.ts';
import { planNames } from './names.plan.ts';
import type { Registry } from './registry.ts';
import { planDefinitionStatus } from './status.plan.ts';

export interface DefinitionsKeeperDeps {
  readonly api: Pick<Api, 'update' | 'patch' | 'delete'>;
  readonly registry: Registry;
  readonly cache: WatchCache;
  readonly clock: Clock;
  readonly log: Log;
  /** As whom it writes. */
  readonly context: RequestContext;
  /** What is served whatever anybody defines. */
  readonly ours: readonly ResourceRow[];
}

export interface DefinitionsKeeper {
  close(): Promise<void>;
}

/** Objects of a definition that goes that are deleted at a time. */
const DELETED_AT_ONCE = 16;
const RETRY = { initialMs: 50, maxMs: 5_000 };

/**
 * Keeps definitions true: gives them their names, says whether they are served, deletes the objects of those that go before
 * they may, and ends watches by a schema that is no more. One after the other, so that of two that want one name the first
 * gets it. Sole writer of their status, but for `storedVersions`.
 */
export function startDefinitionsKeeper(deps: DefinitionsKeeperDeps): DefinitionsKeeper {
  const { cache, clock, log, registry } = deps;
  const segment = resourceName(CUSTOM_RESOURCE_DEFINITIONS);
  const stopping = new AbortController();
  const served = new Map<string, CustomResourceDefinition>();
  let emptying = new Set<string>();
  let wake: (() => void) | undefined;
  let isDirty = true;
  const stopListening = cache.onChange((changed) => {
    if (changed !== segment && !emptying.has(changed)) return;
    isDirty = true;
    wake?.();
  });

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      if (!isDirty) await new Promise<void>((resolve) => (wake = resolve));
      wake = undefined;
      if (stopping.signal.aborted) return;
      isDirty = false;
      try {
        await pass();
        failures = 0;
      } catch (error) {
        failures += 1;
        isDirty = true;
        log.error({ err: error, code: errorCode(error), failures }, 'definitions cannot be kept');
        await sleep(clock, backoffMs(failures, RETRY), stopping.signal).catch(() => undefined); // Aborted: seen above.
      }
    }
  }

  async function pass(): Promise<void> {
    const next = new Set<string>();
    for (const { metadata } of registry.definitions) {
      if (stopping.signal.aborted) return;
      const definition = registry.definitions.find((each) => each.metadata.name === metadata.name);
      if (definition === undefined) continue;
      const isGoing = await keep(definition);
      if (isGoing) next.add(metadata.name);
    }
    emptying = next;
    endOutdatedWatches();
  }

  /** Answers whether its objects are on their way out. */
  async function keep(definition: CustomResourceDefinition): Promise<boolean> {
    const names = planNames(definition, registry.definitions, deps.ours);
    const status = planDefinitionStatus(definition, names, clock.nowMs());
    if (status !== undefined) {
      await write(definition, { status });
      return false; // Its own change brings it back here.
    }
    const { deletionTimestamp, finalizers = [] } = definition.metadata;
    if (deletionTimestamp === undefined || !finalizers.includes(CLEANUP_FINALIZER)) return false;
    // What comes to an end from here on must be seen.
    emptying.add(definition.metadata.name);
    if (await hasObjects(definition)) return true;
    await release(definition);
    return false;
  }

  async function write(definition: CustomResourceDefinition, { status }: Pick<KubeObject, 'status'>): Promise<void> {
    const object = { ...definition, status };
    await unlessGone(() => deps.api.update({ ...targetOf(definition), object, subresource: 'status' }));
  }

  async function release(definition: CustomResourceDefinition): Promise<void> {
    const finalizers = (definition.metadata.finalizers ?? []).filter((each) => each !== CLEANUP_FINALIZER);
    const patch = { metadata: { resourceVersion: definition.metadata.resourceVersion, finalizers } };
    await unlessGone(() => deps.api.patch({ ...targetOf(definition), patchType: 'merge', patch }));
  }

  /** What moved on meanwhile comes again by itself. */
  async function unlessGone(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isApiError(error, 'NotFound', 'Conflict')) throw error;
    }
  }

  /** Deletes every object of a definition that goes, whatever version serves it; answers whether some are left. */
  async function hasObjects(definition: CustomResourceDefinition): Promise<boolean> {
    const type = storedTypeOf(definition);
    const objects = cache.resource(resourceName(type)).page('', Number.POSITIVE_INFINITY).items;
    const waiting = objects.filter(({ metadata }) => metadata.deletionTimestamp === undefined).values();
    const work = async () => {
      for (const { metadata } of waiting) {
        if (stopping.signal.aborted) return;
        const row = bareRow(type);
        await unlessGone(() =>
          deps.api.delete({ context: deps.context, row, namespace: metadata.namespace ?? '', name: metadata.name }),
        );
      }
    };
    await Promise.all(Array.from({ length: DELETED_AT_ONCE }, work));
    return cache.resource(resourceName(type)).size > 0;
  }

  /** Whoever watches by an older schema, or none any more, has to look again. */
  function endOutdatedWatches(): void {
    const now = new Map(registry.definitions.map((definition) => [definition.metadata.name, definition]));
    for (const [name, before] of served) {
      const current = now.get(name);
      if (current !== undefined && equalJson(current.spec, before.spec)) continue;
      cache.resource(name).endWatchers();
    }
    served.clear();
    for (const [name, definition] of now) served.set(name, definition);
  }

  function targetOf({ metadata: { name } }: CustomResourceDefinition) {
    const row = registry.row(
      CUSTOM_RESOURCE_DEFINITIONS.group,
      CUSTOM_RESOURCE_DEFINITIONS.version,
      CUSTOM_RESOURCE_DEFINITIONS.plural,
    );
    if (row === undefined) throw new RangeError('definitions are not served');
    return { context: deps.context, row, namespace: '', name };
  }

  const running = run();
  return {
    async close() {
      stopping.abort();
      stopListening();
      wake?.();
      await running;
    },
  };
}

function storedTypeOf(definition: CustomResourceDefinition): ResourceType {
  return resourceTypeOf(definition, storageVersion(definition)?.name ?? '');
}

/** Enough of a row to delete by: what goes needs no schema. */
function bareRow(type: ResourceType): ResourceRow {
  return { type, singular: '', verbs: [], columns: [] };
}
