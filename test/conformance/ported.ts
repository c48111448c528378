/** One wrong change of our code: `find` stands exactly once in the file. */
export interface Mutation {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** What it breaks. */
  readonly why: string;
}

/** Every ported test by its codename, with a mutation that it fails of: `npm run mutations` tries them all. */
export const PORTED: Readonly<Record<string, Mutation>> = {
  '[sig-api-machinery] Discovery should validate PreferredVersion for each APIGroup [Conformance]': {
    file: 'src/server/http/discovery.plan.ts',
    find: 'preferredVersion: all[0] }',
    replace: 'preferredVersion: { groupVersion: name, version: name } }',
    why: 'A group prefers a version it does not have.',
  },
  '[sig-api-machinery] server version should find the server version [Conformance]': {
    file: 'src/server/http/version.ts',
    find: "minor: '32'",
    replace: "minor: 'thirty-two'",
    why: 'The minor version is no number.',
  },
  '[sig-api-machinery] Servers with support for Table transformation should return a 406 for a backend which does not implement metadata [Conformance]':
    {
      file: 'src/server/http/resource-writes.ts',
      find: 'demandPlainFormat(exchange);',
      replace: '',
      why: 'A review is answered although only a table was asked for.',
    },
  '[sig-api-machinery] FieldValidation should detect unknown and duplicate fields of a typed object [Conformance]': {
    file: 'src/server/registry/admission.ts',
    find: '...duplicateFields.map(',
    replace: '...duplicateFields.slice(0, 0).map(',
    why: 'A field that stands twice is let pass.',
  },
  '[sig-api-machinery] FieldValidation should detect unknown metadata fields of a typed object [Conformance]': {
    file: 'src/server/registry/admission.ts',
    find: "if (fieldValidation === 'Warn') return problems;",
    replace: 'return problems;',
    why: 'Strict validation only warns.',
  },
  '[sig-api-machinery] Namespaces [Serial] should apply a finalizer to a Namespace [Conformance]': {
    file: 'src/server/registry/rows/cluster.ts',
    find: "finalize: { kind: 'Namespace', group: '', version: 'v1', verbs: ['update'] },",
    replace: '',
    why: 'Namespaces have no subresource `finalize`.',
  },
  '[sig-api-machinery] Namespaces [Serial] should apply an update to a Namespace [Conformance]': {
    file: 'src/server/registry/rows/cluster.ts',
    find: "verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),",
    replace: "verbs: allVerbs.filter((verb) => verb !== 'deletecollection' && verb !== 'update'),",
    why: 'Namespaces cannot be updated.',
  },
  '[sig-api-machinery] Namespaces [Serial] should apply changes to a namespace status [Conformance]': {
    file: 'src/server/registry/metadata.plan.ts',
    find: "else written['status'] = object['status'];",
    replace: "else written['status'] = old['status'];",
    why: 'A write of the status keeps the old one.',
  },
  '[sig-api-machinery] Namespaces [Serial] should ensure that all services are removed when a namespace is deleted [Conformance]':
    {
      file: 'src/controllers/namespace/namespace.plan.ts',
      find: 'resource.namespaced && resource !== EVENTS',
      replace: "resource.namespaced && resource !== EVENTS && resource.kind !== 'Service'",
      why: 'Services are left behind.',
    },
  '[sig-api-machinery] Namespaces [Serial] should ensure that all pods are removed when a namespace is deleted [Conformance]':
    {
      file: 'src/controllers/namespace/namespace.plan.ts',
      find: 'resource.namespaced && resource !== EVENTS',
      replace: "resource.namespaced && resource !== EVENTS && resource.kind !== 'Pod'",
      why: 'Pods are left behind.',
    },
  '[sig-api-machinery] Namespaces [Serial] should patch a Namespace [Conformance]': {
    file: 'src/server/registry/verbs/patch.ts',
    find: 'return applyStrategicMergePatch(schemaFor(row, document), before, patch);',
    replace: 'return before;',
    why: 'A strategic merge patch changes nothing.',
  },
  '[sig-api-machinery] Watchers should be able to restart watching from the last resource version observed by the previous watch [Conformance]':
    {
      file: 'src/server/watch-cache/change-window.ts',
      find: 'if ((this.#changes[middle] as Change).revision <= revision) low = middle + 1;',
      replace: 'if ((this.#changes[middle] as Change).revision <= revision + 1) low = middle + 1;',
      why: 'A watch that goes on leaves out the change after the version it names.',
    },
  '[sig-api-machinery] Watchers should be able to start watching from a specific resource version [Conformance]': {
    file: 'src/server/registry/verbs/watch.ts',
    find: '(sendInitialEvents ?? revision === 0)',
    replace: '(sendInitialEvents ?? true)',
    why: 'A watch begins with what is there, whatever version it names.',
  },
  '[sig-api-machinery] Watchers should observe add, update, and delete watch notifications on configmaps [Conformance]':
    {
      file: 'src/server/watch-cache/change.ts',
      find: "this.#modified ??= { type: 'MODIFIED', object };",
      replace: "this.#modified ??= { type: 'ADDED', object };",
      why: 'A change is told as something new.',
    },
  '[sig-api-machinery] Watchers should observe an object deletion if it stops meeting the requirements of the selector [Conformance]':
    {
      file: 'src/server/watch-cache/change.ts',
      find: 'return was ? this.#leave(this.previous as StoredObject) : undefined;',
      replace: 'return was && this.current === undefined ? this.#leave(this.previous as StoredObject) : undefined;',
      why: 'An object that leaves the selection is not told of.',
    },
  '[sig-api-machinery] Watchers should receive events on concurrent watches in same order [Conformance]': {
    file: 'src/server/registry/verbs/watch.ts',
    find: 'for (const change of changes) {',
    replace: 'for (const change of [...changes].reverse()) {',
    why: 'What a watch has missed is told from the end.',
  },
};
