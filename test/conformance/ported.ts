import { PORTED_ON_DOCKER } from './ported-on-docker.ts';

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
  ...PORTED_ON_DOCKER,
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
  '[sig-apps] CronJob should support CronJob API operations [Conformance]': {
    file: 'src/server/registry/rows/jobs.ts',
    find: 'subresources: statusOf(CRON_JOBS),',
    replace: '',
    why: 'CronJobs have no subresource `status`.',
  },
  '[sig-apps] CronJob should schedule multiple jobs concurrently [Conformance]': {
    file: 'src/controllers/cron-job/cron-job.plan.ts',
    find: "cronJob.spec.concurrencyPolicy === 'Forbid' &&",
    replace: "cronJob.spec.concurrencyPolicy !== 'Replace' &&",
    why: 'Nothing is started beside what runs.',
  },
  '[sig-apps] CronJob should not schedule jobs when suspended [Slow] [Conformance]': {
    file: 'src/controllers/cron-job/cron-job.plan.ts',
    find: "if (cronJob.spec.suspend === true) return rest('it is suspended');",
    replace: '',
    why: 'It starts Jobs while it is suspended.',
  },
  '[sig-apps] CronJob should not schedule new jobs when ForbidConcurrent [Slow] [Conformance]': {
    file: 'src/controllers/cron-job/cron-job.plan.ts',
    find: '(status.active ?? []).length > 0',
    replace: 'false',
    why: 'It starts beside what runs, though that is forbidden.',
  },
  '[sig-apps] CronJob should replace jobs when ReplaceConcurrent [Conformance]': {
    file: 'src/controllers/cron-job/cron-job.ts',
    find: 'for (const job of plan.replace) await remove(key, cronJob, job);',
    replace: '',
    why: 'What is to be replaced goes on running.',
  },
  '[sig-network] Ingress API should support creating Ingress API operations [Conformance]': {
    file: 'src/server/registry/metadata.plan.ts',
    find: 'const { labels, annotations } = isCustom ? old.metadata : object.metadata;',
    replace: 'const { labels, annotations } = old.metadata;',
    why: 'A write of the status drops annotations.',
  },
  '[sig-network] IngressClass API should support creating IngressClass API operations [Conformance]': {
    file: 'src/server/http/discovery.plan.ts',
    find: 'name: type.plural,',
    replace: 'name: type.kind,',
    why: 'Discovery names resources by their kind.',
  },
  '[sig-network] EndpointSlice should support creating EndpointSlice API operations [Conformance]': {
    file: 'src/server/registry/chance.ts',
    find: 'index < SUFFIX_LENGTH',
    replace: 'index < 0',
    why: 'A generated name is always the same.',
  },
  '[sig-network] Services should provide secure master service [Conformance]': {
    file: 'src/controllers/api-service/api-service.plan.ts',
    find: 'port: 443',
    replace: 'port: 6443',
    why: 'The API is offered on another port.',
  },
  '[sig-network] Services should find a service from listing all namespaces [Conformance]': {
    file: 'src/controllers/api-service/api-service.plan.ts',
    find: "{ namespace: 'default', name: 'kubernetes' }",
    replace: "{ namespace: 'kube-system', name: 'kubernetes' }",
    why: 'The Service of the API stands in another namespace.',
  },
  '[sig-network] Services should complete a service status lifecycle [Conformance]': {
    file: 'src/server/registry/rows/services.ts',
    find: '...statusOf(SERVICES),',
    replace: '',
    why: 'Services have no subresource `status`.',
  },
  '[sig-network] Services should delete a collection of services [Conformance]': {
    file: 'src/server/registry/verbs/delete.ts',
    find: 'compileSelection(request.row, request)',
    replace: 'compileSelection(request.row, { namespace: request.namespace })',
    why: 'Deleting a collection minds no selector.',
  },
  '[sig-network] Services should test the lifecycle of an Endpoint [Conformance]': {
    file: 'src/api/patch/strategic.ts',
    find: "if (schema?.patchStrategy?.includes('merge') !== true) return patch;",
    replace:
      "if (schema?.patchStrategy?.includes('merge') !== true) return isList(original) ? [...original, ...patch] : patch;",
    why: 'A list without a merge key grows instead of being replaced.',
  },
  '[sig-auth] ServiceAccounts should run through the lifecycle of a ServiceAccount [Conformance]': {
    file: 'src/server/registry/verbs/delete.ts',
    find: 'Math.min(apiLimits.deletesInFlight, chosen.length)',
    replace: 'Math.min(apiLimits.deletesInFlight, 0)',
    why: 'Deleting a collection deletes nothing.',
  },
  '[sig-auth] ServiceAccounts should update a ServiceAccount [Conformance]': {
    file: 'src/server/registry/verbs/update.ts',
    find: 'return () => decoded;',
    replace: 'return (old) => ({ ...decoded, object: old });',
    why: 'An update changes nothing.',
  },
  '[sig-auth] ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace [Conformance]': {
    file: 'src/controllers/namespace/namespace.ts',
    find: "const body = { data: { 'ca.crt': dataOf(wanted) ?? '' } };",
    replace: 'const body = {};',
    why: 'A certificate that somebody changed is not put right.',
  },
  '[sig-auth] SubjectReview should support SubjectReview API operations [Conformance]': {
    file: 'src/server/auth/reviews.ts',
    find: 'return access({ name: user, groups, ...more }, spec);',
    replace: "return access({ name: 'system:anonymous', groups: [], ...more }, spec);",
    why: 'A review answers of somebody else.',
  },
  '[sig-instrumentation] Events should manage the lifecycle of an event [Conformance]': {
    file: 'src/server/registry/rows/events.ts',
    find: 'verbs: allVerbs,',
    replace: "verbs: allVerbs.filter((verb) => verb !== 'update'),",
    why: 'Events cannot be updated.',
  },
  '[sig-instrumentation] Events should delete a collection of events [Conformance]': {
    file: 'src/server/registry/rows/events.ts',
    find: 'verbs: allVerbs,',
    replace: "verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),",
    why: 'Events cannot be deleted as a collection.',
  },
  '[sig-node] ConfigMap should run through a ConfigMap lifecycle [Conformance]': {
    file: 'src/server/watch-cache/change.ts',
    find: "this.#left ??= { type: 'DELETED'",
    replace: "this.#left ??= { type: 'MODIFIED'",
    why: 'A deletion is told as a change.',
  },
  '[sig-node] ConfigMap should fail to create ConfigMap with empty key [Conformance]': {
    file: 'src/api/validation/names.ts',
    find: 'if (!/^[-._a-zA-Z0-9]+$/.test(value)) {\n    return "a valid config key',
    replace: 'if (!/^[-._a-zA-Z0-9]*$/.test(value)) {\n    return "a valid config key',
    why: 'An empty key is a good one.',
  },
  '[sig-node] Secrets should fail to create secret due to empty secret key [Conformance]': {
    file: 'src/api/validation/validate-object.ts',
    find: "['/Secret', { validate: validateSecret, validateUpdate: validateConfigUpdate }],",
    replace: "['/Secret', { validateUpdate: validateConfigUpdate }],",
    why: 'New Secrets are not looked at.',
  },
  '[sig-node] Secrets should patch a secret [Conformance]': {
    file: 'src/api/patch/strategic.ts',
    find: 'const merged: MutableMap = retained(original, patch);',
    replace: 'const merged: MutableMap = {};',
    why: 'A strategic merge patch forgets what it does not name.',
  },
  '[sig-node] Lease lease API should be available [Conformance]': {
    file: 'src/server/registry/rows/config.ts',
    find: "singular: 'lease',\n  verbs: allVerbs,",
    replace: "singular: 'lease',\n  verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),",
    why: 'Leases cannot be deleted as a collection.',
  },
  '[sig-node] Node Lifecycle should run through the lifecycle of a node [Conformance]': {
    file: 'src/server/registry/rows/cluster.ts',
    find: "shortNames: ['no'],\n  verbs: allVerbs,",
    replace: "shortNames: ['no'],\n  verbs: allVerbs.filter((verb) => verb !== 'update'),",
    why: 'Nodes cannot be updated.',
  },
  '[sig-node] Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu [Conformance]':
    {
      file: 'src/server/registry/rows/pod-qos.plan.ts',
      find: "return containers.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';",
      replace: "return containers.every(isGuaranteed) ? 'Burstable' : 'Guaranteed';",
      why: 'What is guaranteed is told as burstable.',
    },
  '[sig-storage] ConfigMap should be immutable if `immutable` field is set [Conformance]': {
    file: 'src/api/validation/config.ts',
    find: "if (object.immutable !== true) yield forbidden('immutable', because);",
    replace: '',
    why: 'What is immutable can be made mutable again.',
  },
  '[sig-storage] Secrets should be immutable if `immutable` field is set [Conformance]': {
    file: 'src/api/validation/config.ts',
    find: "if (!equalJson(object.data ?? {}, old.data ?? {})) yield forbidden('data', because);",
    replace: '',
    why: 'The data of what is immutable can be changed.',
  },
  '[sig-storage] PersistentVolumes CSI Conformance should run through the lifecycle of a PV and a PVC [Conformance]': {
    file: 'src/server/registry/rows/storage.ts',
    find: "shortNames: ['pv'],\n  verbs: allVerbs,",
    replace: "shortNames: ['pv'],\n  verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),",
    why: 'Volumes cannot be deleted as a collection.',
  },
  '[sig-storage] PersistentVolumes CSI Conformance should apply changes to a pv/pvc status [Conformance]': {
    file: 'src/server/registry/rows/storage.ts',
    find: 'subresources: statusOf(PERSISTENT_VOLUME_CLAIMS),',
    replace: '',
    why: 'Claims have no subresource `status`.',
  },
  '[sig-storage] StorageClasses CSI Conformance should run through the lifecycle of a StorageClass [Conformance]': {
    file: 'src/server/registry/rows/storage.ts',
    find: "shortNames: ['sc'],\n  verbs: allVerbs,",
    replace: "shortNames: ['sc'],\n  verbs: allVerbs.filter((verb) => verb !== 'update'),",
    why: 'StorageClasses cannot be updated.',
  },
  '[sig-api-machinery] Garbage collector should delete RS created by deployment when not orphaning [Conformance]': {
    file: 'src/controllers/garbage-collection/garbage-collection.plan.ts',
    find: 'if (owners.length === 0) return',
    replace: 'if (owners.length >= 0) return',
    why: 'What lost its owner stays.',
  },
  '[sig-api-machinery] Garbage collector should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan [Conformance]':
    {
      file: 'src/server/registry/delete.plan.ts',
      find: "policy === 'Orphan' ? ORPHAN : FOREGROUND",
      replace: "policy === 'Orphan' ? FOREGROUND : FOREGROUND",
      why: 'What is to be orphaned goes in the foreground.',
    },
  '[sig-api-machinery] Garbage collector should not be blocked by dependency circle [Conformance]': {
    file: 'src/controllers/garbage-collection/garbage-collection.plan.ts',
    find: 'const unblock = dependents.some(isGoingAfterDependents);',
    replace: 'const unblock = false;',
    why: 'Objects that own each other wait for each other.',
  },
  '[sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected if not matching [Conformance]':
    {
      file: 'src/scheduler/filters/node-affinity.ts',
      find: 'selects(pod.nodeSelector ?? {}, node) && isRequired(pod, node)',
      replace: 'isRequired(pod, node)',
      why: 'The selector is not looked at.',
    },
  '[sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected if matching [Conformance]': {
    file: 'src/scheduler/filters/node-affinity.ts',
    find: 'Object.hasOwn(labels, key) && labels[key] === value',
    replace: 'Object.hasOwn(labels, key) && labels[key] !== value',
    why: 'The selector wants every other value.',
  },
  '[sig-cli] Kubectl client Kubectl api-versions should check if v1 is in available api versions [Conformance]': {
    file: 'src/server/http/discovery.plan.ts',
    find: 'version: entry.version,',
    replace: 'version: entry.version.toUpperCase(),',
    why: 'Discovery writes versions otherwise.',
  },
  '[sig-cli] Kubectl client Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info [Conformance]':
    {
      file: 'src/server/http/discovery.plan.ts',
      find: 'resource: type.plural,',
      replace: 'resource: type.kind,',
      why: 'Aggregated discovery names resources by their kind.',
    },
  '[sig-cli] Kubectl client Kubectl version should check is all data is printed [Conformance]': {
    file: 'src/server/http/version.ts',
    find: 'gitVersion: `v1.32.0',
    replace: 'gitVersion: `one.32.0',
    why: 'The version has no form that clients read.',
  },
  '[sig-cli] Kubectl client Kubectl diff should check if kubectl diff finds a difference for Deployments [Conformance]':
    {
      file: 'src/server/registry/verbs/modify.ts',
      find: 'if (dryRun) return { object: asIfStored(object, old), created: false, warnings };',
      replace: '',
      why: 'A dry run is carried out.',
    },
  '[sig-cli] Kubectl client Proxy server should support proxy with --port 0 [Conformance]': {
    file: 'src/server/http/request-path.plan.ts',
    find: "if (raw.at(-1) === '') raw.pop();",
    replace: '',
    why: 'A slash at the end of a path is not let pass.',
  },
  '[sig-cli] Kubectl client Proxy server should support --unix-socket=/path [Conformance]': {
    file: 'src/server/http/discovery.plan.ts',
    find: 'const versions = groupsOf(rows, true)',
    replace: 'const versions = groupsOf(rows, false)',
    why: 'The core group is told to have the versions of others.',
  },
  '[sig-cli] Kubectl client Kubectl label should update the label on a resource [Conformance]': {
    file: 'src/api/patch/merge-patch.ts',
    find: 'if (value !== null && !Object.hasOwn(from, key))',
    replace: 'if (value === null)',
    why: 'A merge patch adds nothing.',
  },
  "[sig-cli] Kubectl client Kubectl replace should update a single-container pod's image [Conformance]": {
    file: 'src/api/validation/pod-update.ts',
    find: '({ ...container, image: undefined })',
    replace: '({ ...container })',
    why: 'The image of a pod cannot be changed.',
  },
  '[sig-cli] Kubectl client Kubectl run pod should create a pod from an image when restart is Never [Conformance]': {
    file: 'src/api/defaults/pod.ts',
    find: "setDefault(spec, 'restartPolicy', 'Always');",
    replace: "spec['restartPolicy'] = 'Always';",
    why: 'Every pod is started again.',
  },
  '[sig-cli] Kubectl client Kubectl server-side dry-run should check if kubectl can dry-run update Pods [Conformance]':
    {
      file: 'src/server/http/request-options.plan.ts',
      find: "...dryRunOf(query.getAll('dryRun')),",
      replace: '',
      why: 'A dry run is carried out.',
    },
  '[sig-scheduling] SchedulerPreemption [Serial] validates basic preemption works [Conformance]': {
    file: 'src/scheduler/preemption/preempt.plan.ts',
    find: 'const isLower = (other: PlacedPod, pod: Pod) => priorityOf(other.pod) < priorityOf(pod);',
    replace: 'const isLower = (other: PlacedPod, pod: Pod) => priorityOf(other.pod) > priorityOf(pod);',
    why: 'Those go who are more important.',
  },
  '[sig-scheduling] SchedulerPreemption [Serial] validates lower priority pod preemption by critical pod [Conformance]':
    {
      file: 'src/scheduler/preemption/preempt.plan.ts',
      find: '    (one === two ? 0 : one - two) ||\n    sum(left) - sum(right) ||',
      replace: '    (one === two ? 0 : two - one) ||\n    sum(right) - sum(left) ||',
      why: 'The node is chosen whose victims are the most important.',
    },
  '[sig-scheduling] SchedulerPreemption [Serial] validates pod disruption condition is added to the preempted pod [Conformance]':
    {
      file: 'src/controllers/scheduling/preemption.ts',
      find: "type: 'DisruptionTarget',",
      replace: "type: 'Disrupted',",
      why: 'A victim is not told that it is disrupted.',
    },
  '[sig-scheduling] SchedulerPreemption [Serial] PreemptionExecutionPath runs ReplicaSets to verify preemption running path [Conformance]':
    {
      file: 'src/scheduler/preemption/preempt.plan.ts',
      find: 'if (refusalAt(slot, fit) === undefined) return true;',
      replace: '',
      why: 'Nobody is spared: all of lower priority go.',
    },
  '[sig-scheduling] SchedulerPreemption [Serial] PriorityClass endpoints verify PriorityClass endpoints can be operated with different HTTP methods [Conformance]':
    {
      file: 'src/api/validation/cluster-classes.ts',
      find: "if ((object.value ?? 0) !== (old.value ?? 0)) yield forbidden('value', 'may not be changed in an update.');",
      replace: '',
      why: 'The value of a class can be changed.',
    },
  '[sig-scheduling] SchedulerPredicates [Serial] validates resource limits of pods that are allowed to run [Conformance]':
    {
      file: 'src/scheduler/usage.ts',
      find: '(column.used[slot] as number) + amount <= (column.allocatable[slot] as number)',
      replace: 'amount <= (column.allocatable[slot] as number)',
      why: 'What runs on a node already takes no room.',
    },
  '[sig-scheduling] SchedulerPredicates [Serial] validates that there exists conflict between pods with same hostPort and protocol but one using 0.0.0.0 hostIP [Conformance]':
    {
      file: 'src/scheduler/demand.ts',
      find: "ip: hostIP || '0.0.0.0',",
      replace: "ip: hostIP || '0.0.0.1',",
      why: 'A port without an address is taken on one address only.',
    },
  '[sig-instrumentation] Events API should ensure that an event can be fetched, patched, deleted, and listed [Conformance]':
    {
      file: 'src/api/versions/event.ts',
      find: "reportingController: 'reportingComponent',\n  type: 'type',",
      replace: "type: 'type',",
      why: 'The newer events are not found by who reports them.',
    },
  '[sig-instrumentation] Events API should delete a collection of events [Conformance]': {
    file: 'src/api/versions/event.ts',
    find: "regarding: 'involvedObject',",
    replace: '',
    why: 'The newer events lose what they are about.',
  },
  '[sig-network] EndpointSlice should create and delete Endpoints and EndpointSlices for a Service with a selector specified [Conformance]':
    {
      file: 'src/controllers/endpoint-slice/endpoint-slice.plan.ts',
      find: "OURS = 'endpointslice-controller.k8s.io'",
      replace: "OURS = 'endpoint-slices'",
      why: 'Slices say otherwise who keeps them.',
    },
  '[sig-network] EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service [Conformance]': {
    file: 'src/controllers/endpoints/endpoints.plan.ts',
    find: 'if (anyway || isReady(pod)) group.addresses.push(address);\n    else ',
    replace: '',
    why: 'All addresses of Endpoints are told not to be ready.',
  },
  '[sig-network] EndpointSliceMirroring should mirror a custom Endpoints resource through create update and delete [Conformance]':
    {
      file: 'src/controllers/endpoint-slice-mirroring/mirroring.plan.ts',
      find: 'if (!equalJson(next, existing)) update.push(next);',
      replace: '',
      why: 'A slice that is there is not brought up to date.',
    },
  '[sig-api-machinery] Garbage collector should delete pods created by rc when not orphaning [Conformance]': {
    file: 'src/controllers/garbage-collection/garbage-collection.plan.ts',
    find: "{ action: 'delete', policy: ownPolicy(finalizers), unblock: false, reason: 'its owners are gone' }",
    replace: "{ action: 'keep', reason: 'its owners are gone' }",
    why: 'What lost its owners stays.',
  },
  '[sig-api-machinery] Garbage collector should orphan pods created by rc if delete options say so [Conformance]': {
    file: 'src/server/http/request-options.plan.ts',
    find: '?? legacyPolicy(orphan);',
    replace: '?? legacyPolicy(undefined);',
    why: 'The older option to orphan is not looked at.',
  },
  '[sig-api-machinery] Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so [Conformance]':
    {
      file: 'src/server/registry/delete.plan.ts',
      find: "return [...others, policy === 'Orphan' ? ORPHAN : FOREGROUND];",
      replace: "return policy === 'Orphan' ? [...others, ORPHAN] : others;",
      why: 'What is to go in the foreground goes before its dependents.',
    },
  "[sig-api-machinery] Garbage collector should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted [Conformance]":
    {
      file: 'src/controllers/garbage-collection/garbage-collection.plan.ts',
      find: 'if (kept.length > 0) {',
      replace: 'if (kept.length > 0 && leaving.length === 0) {',
      why: 'One owner that goes is enough to take an object along.',
    },
  '[sig-api-machinery] Servers with support for API chunking should return chunks of results for list calls [Conformance]':
    {
      file: 'src/server/registry/verbs/list.ts',
      find: '...(remaining === undefined ? {} : { remainingItemCount: remaining }),',
      replace: '',
      why: 'A page does not say how many objects follow.',
    },
  '[sig-api-machinery] Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent [Slow] [Conformance]':
    {
      file: 'src/server/registry/continue-token.ts',
      find: 'metadata: { continue: this.#token }',
      replace: "metadata: { continue: '' }",
      why: 'A list that is too old to go on says no way on.',
    },
  '[sig-cli] Kubectl client Kubectl describe should check if kubectl describe prints relevant information for rc and pods [Conformance]':
    {
      file: 'src/controllers/replica-set/replica-set.plan.ts',
      find: 'replicas: active.length,',
      replace: 'replicas: 0,',
      why: 'The status counts no pods.',
    },
  '[sig-cli] Kubectl client Kubectl expose should create services for rc [Conformance]': {
    file: 'src/controllers/shared/target-port.plan.ts',
    find: 'return target === 0 ? port : target;',
    replace: 'return port;',
    why: 'A Service leads to the port of its own.',
  },
  '[sig-cli] Kubectl client Kubectl patch should add annotations for pods in rc [Conformance]': {
    file: 'src/server/registry/verbs/patch.ts',
    find: "if (request.subresource !== 'ephemeralcontainers') return decoded;",
    replace: "if (request.subresource !== 'ephemeralcontainers') return { ...decoded, object: old };",
    why: 'A patch changes nothing.',
  },
  '[sig-apps] DisruptionController should create a PodDisruptionBudget [Conformance]': {
    file: 'src/controllers/disruption/disruption.plan.ts',
    find: 'const observedGeneration = budget.metadata.generation ?? 0;',
    replace: 'const observedGeneration = 0;',
    why: 'The status does not say what was looked at.',
  },
  '[sig-apps] DisruptionController Listing PodDisruptionBudgets for all namespaces should list and delete a collection of PodDisruptionBudgets [Conformance]':
    {
      file: 'src/server/registry/rows/classes.ts',
      find: "shortNames: ['pdb'],\n  verbs: allVerbs,",
      replace: "shortNames: ['pdb'],\n  verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),",
      why: 'Budgets cannot be deleted as a collection.',
    },
  '[sig-apps] DisruptionController should observe PodDisruptionBudget status updated [Conformance]': {
    file: 'src/controllers/disruption/disruption.plan.ts',
    find: 'count <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);',
    replace: '0;',
    why: 'No disruption is ever allowed.',
  },
  '[sig-apps] DisruptionController should update/patch PodDisruptionBudget status [Conformance]': {
    file: 'src/server/registry/rows/classes.ts',
    find: 'subresources: statusOf(POD_DISRUPTION_BUDGETS),',
    replace: '',
    why: 'Budgets have no subresource `status`.',
  },
  '[sig-apps] DisruptionController should block an eviction until the PDB is updated to allow it [Conformance]': {
    file: 'src/server/registry/eviction.plan.ts',
    find: 'if (disruptionsAllowed === 0) throw exhausted(budget);',
    replace: '',
    why: 'A budget that allows nothing refuses nothing.',
  },
  '[sig-apps] Deployment RollingUpdateDeployment should delete old pods and create new ones [Conformance]': {
    file: 'src/controllers/deployment/annotations.plan.ts',
    find: '/^\\d{1,19}$/',
    replace: '/^\\d{1,15}$/',
    why: 'Revisions of more digits than a number here holds are not read.',
  },
  '[sig-apps] Deployment RecreateDeployment should delete old pods and create new ones [Conformance]': {
    file: 'src/controllers/deployment/deployment.plan.ts',
    find: "if (busy) return withNewNotes(view, nothing('old pods are still there'));",
    replace: '',
    why: 'New pods come while old ones are there.',
  },
  '[sig-apps] Deployment deployment should delete old replica sets [Conformance]': {
    file: 'src/controllers/deployment/deployment.plan.ts',
    find: 'const limit = spec.revisionHistoryLimit ?? 10;',
    replace: 'const limit = 10;',
    why: 'The limit of kept revisions is not looked at.',
  },
  '[sig-apps] Deployment deployment should support rollover [Conformance]': {
    file: 'src/controllers/deployment/rolling.plan.ts',
    find: 'const given = Math.min(unhealthy, wanted - available);',
    replace: 'const given = 0;',
    why: 'Pods that do not serve are not given up first.',
  },
  '[sig-apps] Deployment deployment should support proportional scaling [Conformance]': {
    file: 'src/controllers/deployment/proportional.plan.ts',
    find: 'result[at] = share.wanted + part;',
    replace: 'result[at] = share.wanted;',
    why: 'All growth goes to the largest set.',
  },
  '[sig-apps] Deployment Deployment should have a working scale subresource [Conformance]': {
    file: 'src/server/registry/scale.plan.ts',
    find: 'const scaled = withValue(object, replicasPath(paths), replicas) as KubeObject;',
    replace: 'const scaled: KubeObject = object;',
    why: 'A scale that is written changes nothing.',
  },
  '[sig-apps] ReplicaSet Replicaset should have a working scale subresource [Conformance]': {
    file: 'src/server/registry/scale.plan.ts',
    find: 'spec: { replicas: wanted },',
    replace: 'spec: { replicas: found },',
    why: 'A scale shows what there is as what is wanted.',
  },
  '[sig-apps] Deployment should validate Deployment Status endpoints [Conformance]': {
    file: 'src/server/registry/rows/workloads.ts',
    find: 'subresources: { ...statusOf(DEPLOYMENTS), scale },',
    replace: 'subresources: { scale },',
    why: 'Deployments have no subresource `status`.',
  },
  '[sig-apps] ReplicaSet should validate Replicaset Status endpoints [Conformance]': {
    file: 'src/server/registry/rows/workloads.ts',
    find: 'subresources: { ...statusOf(REPLICA_SETS), scale },',
    replace: 'subresources: { scale },',
    why: 'ReplicaSets have no subresource `status`.',
  },
  '[sig-apps] Deployment should run the lifecycle of a Deployment [Conformance]': {
    file: 'src/controllers/deployment/status.plan.ts',
    find: 'readyReplicas: sum(({ status }) => status?.readyReplicas) || undefined,',
    replace: '',
    why: 'The status does not count ready pods.',
  },
  '[sig-apps] ReplicaSet Replace and Patch tests [Conformance]': {
    file: 'src/api/patch/strategic.ts',
    find: 'const key = schema.patchMergeKey;',
    replace: 'const key = undefined as string | undefined;',
    why: 'Lists merge without looking at their merge key.',
  },
  '[sig-apps] ReplicaSet should list and delete a collection of ReplicaSets [Conformance]': {
    file: 'src/server/registry/rows/workloads.ts',
    find: "shortNames: ['rs'],\n  categories: ['all'],\n  verbs: allVerbs,",
    replace:
      "shortNames: ['rs'],\n  categories: ['all'],\n  verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),",
    why: 'ReplicaSets cannot be deleted as a collection.',
  },
  '[sig-apps] ReplicaSet should adopt matching pods on creation and release no longer matching pods [Conformance]': {
    file: 'src/controllers/shared/claim.ts',
    find: 'for (const object of plan.release) await write(',
    replace: 'for (const object of plan.release.slice(0, 0)) await write(',
    why: 'A pod that is not selected any more is not let go.',
  },
  '[sig-network] EndpointSlice should have Endpoints and EndpointSlices pointing to API Server [Conformance]': {
    file: 'src/controllers/api-service/api-service.plan.ts',
    find: 'endpoints: [{ addresses: [ip], conditions: { ready: true } }],',
    replace: "endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready: true } }],",
    why: 'The slice of the API leads elsewhere than its Endpoints.',
  },
  '[sig-node] Pods should be submitted and removed [NodeConformance] [Conformance]': {
    file: 'src/server/registry/delete.plan.ts',
    find: 'const asked = gracePeriodSeconds ?? unasked;',
    replace: 'const asked = Math.min(gracePeriodSeconds ?? unasked, 0);',
    why: 'A pod is given no time to end in.',
  },
  '[sig-node] Pods should be updated [NodeConformance] [Conformance]': {
    file: 'src/server/registry/selection.ts',
    find: '(labels === undefined || labels.matches(object.metadata.labels)) &&',
    replace: '',
    why: 'A selector of labels selects everything.',
  },
  '[sig-node] Pods should delete a collection of pods [Conformance]': {
    file: 'src/server/registry/rows/pods.ts',
    find: "shortNames: ['po'],\n  categories: ['all'],\n  verbs: allVerbs,",
    replace:
      "shortNames: ['po'],\n  categories: ['all'],\n  verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),",
    why: 'Pods cannot be deleted as a collection.',
  },
  '[sig-node] Pods should run through the lifecycle of Pods and PodStatus [Conformance]': {
    file: 'src/server/registry/rows/pods.ts',
    find: '...statusOf(PODS),',
    replace: '',
    why: 'Pods have no subresource `status`.',
  },
  '[sig-node] Pods should patch a pod status [Conformance]': {
    file: 'src/server/registry/verbs/patch.ts',
    find: 'part: partOf(subresource),',
    replace: "part: 'object',",
    why: 'A patch of the status counts as one of the object.',
  },
  '[sig-network] Service endpoints latency should not be very high [Conformance]': {
    file: 'src/controllers/endpoints/endpoints.plan.ts',
    find: 'if (anyway || isReady(pod)) group.addresses.push(address);',
    replace: 'if (anyway) group.addresses.push(address);',
    why: 'No pod is ready enough for its Service.',
  },
  '[sig-auth] ServiceAccounts should allow opting out of API token automount [Conformance]': {
    file: 'src/server/auth/service-accounts/pod-account.plan.ts',
    find: 'spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true',
    replace: 'account?.automountServiceAccountToken ?? true',
    why: 'What the pod says of its token does not count.',
  },
  '[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers [Conformance]':
    {
      file: 'src/server/http/accept.plan.ts',
      find: 'known && DISCOVERY_VERSIONS.includes(version)',
      replace: "known && version === 'v2beta1'",
      why: 'The form that is asked for is not known in its final version.',
    },
  '[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface [Conformance]': {
    file: 'src/server/http/discovery.plan.ts',
    find: "freshness: 'Current',",
    replace: "freshness: 'Stale',",
    why: 'Clients are told that what they read is old.',
  },
  '[sig-api-machinery] Discovery should locate the groupVersion and a resource within each APIGroup [Conformance]': {
    file: 'src/server/http/discovery.plan.ts',
    find: 'groupVersion: apiVersionOf({ group, version }),',
    replace: 'groupVersion: version,',
    why: 'A list of resources names its version without its group.',
  },
  '[sig-apps] Job should manage the lifecycle of a job [Conformance]': {
    file: 'src/controllers/job/job.plan.ts',
    find: 'Math.min(parallelism, spec.completions - succeeded)',
    replace: 'Math.min(parallelism + 1, spec.completions - succeeded)',
    why: 'A Job runs more pods at a time than it may.',
  },
  '[sig-apps] ControllerRevision [Serial] should manage the lifecycle of a ControllerRevision [Conformance]': {
    file: 'src/controllers/shared/revisions.plan.ts',
    find: 'revisionOf(snapshot, newest + 1)',
    replace: 'revisionOf(snapshot, newest + 2)',
    why: 'Revisions are counted in twos.',
  },
  '[sig-apps] Daemon set [Serial] should run and stop simple daemon [Conformance]': {
    file: 'src/controllers/daemon-set/daemon-set.plan.ts',
    find: 'if (placement.run && pods.length === 0) create.push(node);',
    replace:
      'if (placement.run && pods.length === 0 && snapshot.daemonSet.status?.numberReady === undefined) create.push(node);',
    why: 'A pod that somebody deletes does not come back.',
  },
  '[sig-apps] Daemon set [Serial] should run and stop complex daemon [Conformance]': {
    file: 'src/controllers/daemon-set/daemon-set.plan.ts',
    find: 'if (!placement.stay) {',
    replace: 'if (!placement.stay && pods.length > 1) {',
    why: 'A pod stays on a node that it does not fit any more.',
  },
  '[sig-apps] Daemon set [Serial] should retry creating failed daemon pods [Conformance]': {
    file: 'src/controllers/daemon-set/daemon-set.plan.ts',
    find: "phase !== 'Failed') running.push(pod);",
    replace: "phase !== 'Missing') running.push(pod);",
    why: 'A failed pod is left as it is.',
  },
  '[sig-apps] Daemon set [Serial] should update pod when spec was updated and update strategy is RollingUpdate [Conformance]':
    {
      file: 'src/controllers/daemon-set/daemon-set.plan.ts',
      find: 'remove: [...free, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))]',
      replace: 'remove: [...free, ...candidates.slice(candidates.length)]',
      why: 'Pods of an old template that serve are never replaced.',
    },
  '[sig-apps] Daemon set [Serial] should rollback without unnecessary restarts [Conformance]': {
    file: 'src/controllers/shared/revisions.plan.ts',
    find: 'function dataOf({ spec }: Revisioned): Record<string, unknown> {\n  return { spec:',
    replace:
      'function dataOf({ spec, metadata }: Revisioned): Record<string, unknown> {\n  return { g: metadata.generation, spec:',
    why: 'Every change makes a revision of its own, also one back to an earlier template.',
  },
  '[sig-apps] Daemon set [Serial] should list and delete a collection of DaemonSets [Conformance]': {
    file: 'src/server/registry/rows/workloads.ts',
    find: "singular: 'daemonset',\n  shortNames: ['ds'],\n  categories: ['all'],\n  verbs: allVerbs,",
    replace:
      "singular: 'daemonset',\n  shortNames: ['ds'],\n  categories: ['all'],\n  verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),",
    why: 'DaemonSets cannot be deleted as a collection.',
  },
  '[sig-apps] Daemon set [Serial] should verify changes to a daemon set status [Conformance]': {
    file: 'src/server/registry/rows/workloads.ts',
    find: '  subresources: statusOf(DAEMON_SETS),\n',
    replace: '',
    why: 'DaemonSets have no subresource `status`.',
  },
  '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Scaling should happen in predictable order and halt if any stateful pod is unhealthy [Slow] [Conformance]':
    {
      file: 'src/controllers/stateful-set/stateful-set.plan.ts',
      find: 'if (ordered && treated.waitsFor !== undefined)',
      replace: "if (ordered && treated.waitsFor === '')",
      why: 'No pod waits for those before it.',
    },
  '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Burst scaling should run to completion even with unhealthy pods [Slow] [Conformance]':
    {
      file: 'src/controllers/stateful-set/stateful-set.plan.ts',
      find: "const ordered = statefulSet.spec.podManagementPolicy !== 'Parallel';",
      replace: 'const ordered = true;',
      why: 'All sets keep to the order.',
    },
  '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Should recreate evicted statefulset [Conformance]':
    {
      file: 'src/controllers/stateful-set/stateful-set.plan.ts',
      find: '  if (isFinished(pod)) {\n',
      replace: '  if (isFinished(pod) && ordinal > 0) {\n',
      why: 'A first pod that failed is left as it is.',
    },
  '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should have a working scale subresource [Conformance]':
    {
      file: 'src/server/registry/rows/workloads.ts',
      find: 'subresources: { ...statusOf(STATEFUL_SETS), scale }',
      replace: 'subresources: statusOf(STATEFUL_SETS)',
      why: 'StatefulSets have no subresource `scale`.',
    },
  '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should list, patch and delete a collection of StatefulSets [Conformance]':
    {
      file: 'src/server/registry/rows/workloads.ts',
      find: "shortNames: ['sts'],\n  categories: ['all'],\n  verbs: allVerbs,",
      replace:
        "shortNames: ['sts'],\n  categories: ['all'],\n  verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),",
      why: 'StatefulSets cannot be deleted as a collection.',
    },
  '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform canary updates and phased rolling updates of template modifications [Conformance]':
    {
      file: 'src/controllers/stateful-set/stateful-set.plan.ts',
      find: 'ordinal >= first + (rollingUpdate?.partition ?? 0)',
      replace: 'ordinal >= first',
      why: 'A rollout passes over the partition.',
    },
  '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform rolling updates and roll backs of template modifications [Conformance]':
    {
      file: 'src/controllers/stateful-set/stateful-set.plan.ts',
      find: 'const old = above.map(({ pod }) => pod)',
      replace: 'const old = above.map(({ pod }) => pod).reverse()',
      why: 'A rollout begins at the bottom.',
    },
  '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should validate Statefulset Status endpoints [Conformance]':
    {
      file: 'src/server/registry/rows/workloads.ts',
      find: 'subresources: { ...statusOf(STATEFUL_SETS), scale }',
      replace: 'subresources: { scale }',
      why: 'StatefulSets have no subresource `status`.',
    },
};
