import type { Mutation } from './ported.ts';

const ENV = 'src/node-agent/pod/env.plan.ts';
const SECURITY = 'src/node-agent/pod/security.plan.ts';
const BUILDER = 'src/node-agent/pod/container-builder.ts';
const CREATE = 'src/runtime/docker/create.ts';
const STATUS = 'src/node-agent/pod/status.plan.ts';

/** Those of test/e2e/pods, whose containers really run. */
export const PORTED_ON_DOCKER: Readonly<Record<string, Mutation>> = {
  '[sig-node] ConfigMap should be consumable via environment variable [NodeConformance] [Conformance]': {
    file: ENV,
    find: "configMapValue(references, name, key)?.toString('utf8')",
    replace: "configMapValue(references, name, key)?.toString('hex')",
    why: 'Values of ConfigMaps come as something else.',
  },
  '[sig-node] ConfigMap should be consumable via the environment [NodeConformance] [Conformance]': {
    file: ENV,
    find: "const name = (source.prefix ?? '') + key;",
    replace: 'const name = key;',
    why: 'Names get no prefix.',
  },
  '[sig-node] Secrets should be consumable from pods in env vars [NodeConformance] [Conformance]': {
    file: ENV,
    find: "secretValue(references, name, key)?.toString('utf8')",
    replace: "secretValue(references, name, key)?.toString('base64')",
    why: 'Values of Secrets come as they are stored.',
  },
  '[sig-node] Secrets should be consumable via the environment [NodeConformance] [Conformance]': {
    file: ENV,
    find: "const value = kind === 'secret' ? secretText(input, ref.name, key)",
    replace: "const value = kind !== 'secret' ? secretText(input, ref.name, key)",
    why: 'A Secret is looked for among the ConfigMaps.',
  },
  "[sig-node] Downward API should provide container's limits.cpu/memory and requests.cpu/memory as env vars [NodeConformance] [Conformance]":
    {
      file: ENV,
      find: 'Math.ceil(millis / quantityToMillis(unit))',
      replace: 'Math.floor(millis / quantityToMillis(unit))',
      why: 'Part of a processor counts as none.',
    },
  '[sig-node] Downward API should provide default limits.cpu/memory from node allocatable [NodeConformance] [Conformance]':
    {
      file: ENV,
      find: "(list === 'limits' ? node.cpuMillis : 0)",
      replace: '0',
      why: 'No limit is told as none, not as what the node has.',
    },
  '[sig-node] Downward API should provide host IP as an env var [NodeConformance] [Conformance]': {
    file: ENV,
    find: "case 'status.hostIPs':\n      return hostIP;",
    replace: "case 'status.hostIPs':\n      return '';",
    why: 'The address of the node is not told.',
  },
  '[sig-node] Downward API should provide pod UID as env vars [NodeConformance] [Conformance]': {
    file: ENV,
    find: 'return metadata.uid;',
    replace: 'return metadata.name;',
    why: 'The name is told as the uid.',
  },
  '[sig-node] Downward API should provide pod name, namespace and IP address as env vars [NodeConformance] [Conformance]':
    {
      file: ENV,
      find: "return podIP ?? '';",
      replace: 'return hostIP;',
      why: "The node's address is told as the pod's.",
    },
  '[sig-node] Variable Expansion should allow composing env vars into new env vars [NodeConformance] [Conformance]': {
    file: ENV,
    find: "env.set(variable.name, expand(variable.value ?? '', lookUp));",
    replace: "env.set(variable.name, variable.value ?? '');",
    why: 'Variables are not made of others.',
  },
  "[sig-node] Variable Expansion should allow substituting values in a container's command [NodeConformance] [Conformance]":
    {
      file: ENV,
      find: 'command: spec.command?.map((word) => expand(word, (name) => env.get(name))),',
      replace: 'command: spec.command,',
      why: 'Commands are taken word for word.',
    },
  "[sig-node] Variable Expansion should allow substituting values in a container's args [NodeConformance] [Conformance]":
    {
      file: ENV,
      find: 'args: spec.args?.map((word) => expand(word, (name) => env.get(name))),',
      replace: 'args: spec.args,',
      why: 'Arguments are taken word for word.',
    },
  '[sig-node] Variable Expansion should allow substituting values in a volume subpath [Conformance]': {
    file: BUILDER,
    find: 'expandSubPath: (text) => expand(text, (name) => values.get(name)),',
    replace: 'expandSubPath: (text) => text,',
    why: 'Sub-paths are taken word for word.',
  },
  "[sig-node] Containers should be able to override the image's default arguments (container cmd) [NodeConformance] [Conformance]":
    {
      file: CREATE,
      find: '...(args ?? image.cmd ?? [])]',
      replace: '...(args ?? []), ...(image.cmd ?? [])]',
      why: "The image's own arguments are added to those of the pod.",
    },
  "[sig-node] Containers should be able to override the image's default command (container entrypoint) [NodeConformance] [Conformance]":
    {
      file: CREATE,
      find: ': [...command, ...(args ?? [])];',
      replace: ': [...(image.entrypoint ?? []), ...command, ...(args ?? [])];',
      why: "The image's program is run, with that of the pod as its argument.",
    },
  "[sig-node] Containers should be able to override the image's default command and arguments [NodeConformance] [Conformance]":
    {
      file: CREATE,
      find: ': [...command, ...(args ?? [])];',
      replace: ': [...command, ...(args ?? []).slice(1)];',
      why: 'The first argument is lost.',
    },
  '[sig-node] Containers should use the image defaults if command and args are blank [NodeConformance] [Conformance]': {
    file: CREATE,
    find: '...(args ?? image.cmd ?? [])]',
    replace: '...(args ?? [])]',
    why: "The image's own arguments are not given.",
  },
  '[sig-node] Security Context When creating a container with runAsUser should run the container with uid 65534 [LinuxOnly] [NodeConformance] [Conformance]':
    {
      file: SECURITY,
      find: 'return runAsUser === undefined ? undefined : String(runAsUser);',
      replace: 'return undefined;',
      why: "Containers run as their image's user.",
    },
  '[sig-node] Security Context When creating a pod with privileged should run the container as unprivileged when false [LinuxOnly] [NodeConformance] [Conformance]':
    {
      file: SECURITY,
      find: 'own.privileged === true ?',
      replace: 'own.privileged !== undefined ?',
      why: 'Whoever says anything of privileges has them.',
    },
  '[sig-node] Security Context When creating a pod with readOnlyRootFilesystem should run the container with writable rootfs when readOnlyRootFilesystem=false [NodeConformance] [Conformance]':
    {
      file: SECURITY,
      find: 'own.readOnlyRootFilesystem === true ?',
      replace: 'own.readOnlyRootFilesystem !== undefined ?',
      why: 'Whoever says anything of the root file system cannot write it.',
    },
  '[sig-node] Security Context when creating containers with AllowPrivilegeEscalation should not allow privilege escalation when false [LinuxOnly] [NodeConformance] [Conformance]':
    {
      file: SECURITY,
      find: 'own.allowPrivilegeEscalation === false ?',
      replace: 'own.allowPrivilegeEscalation === true ?',
      why: 'Programs may raise themselves although it is forbidden.',
    },
  '[sig-node] Kubelet when scheduling a busybox command in a pod should print the output to logs [NodeConformance] [Conformance]':
    {
      file: 'src/runtime/docker/logs.ts',
      find: "stdout: '1',",
      replace: "stdout: '0',",
      why: 'Only what is said as an error is kept.',
    },
  '[sig-node] Kubelet when scheduling a read only busybox container should not write to root filesystem [LinuxOnly] [NodeConformance] [Conformance]':
    {
      file: CREATE,
      find: '...(config.readOnlyRootFilesystem === true ? { ReadonlyRootfs: true } : {}),',
      replace: '',
      why: 'The engine is not told that the root file system is not to be written.',
    },
  '[sig-node] Kubelet when scheduling an agnhost Pod with hostAliases should write entries to /etc/hosts [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/network/host-files.plan.ts',
      find: "(hostnames ?? []).join('\\t')",
      replace: "(hostnames ?? []).join('')",
      why: 'Two names of an address become one.',
    },
  '[sig-node] Kubelet when scheduling a busybox command that always fails in a pod should have an terminated reason [NodeConformance] [Conformance]':
    {
      file: STATUS,
      find: "          : 'Error',",
      replace: "          : '',",
      why: 'A failure has no reason.',
    },
  '[sig-node] Kubelet when scheduling a busybox command that always fails in a pod should be possible to delete [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/pod/pod-worker.ts',
      find: 'else if (isTerminating(this.#context.pod)) this.#finish();',
      replace: '',
      why: 'A pod that has ended is never taken out of the API.',
    },
  '[sig-storage] ConfigMap should be consumable from pods in volume [NodeConformance] [Conformance]': {
    file: 'src/node-agent/volumes/atomic-writer.ts',
    find: 'await chmod(target, group === undefined ? mode : mode | 0o440);',
    replace: '',
    why: 'Files keep the mode they are written with.',
  },
  '[sig-storage] ConfigMap should be consumable from pods in volume as non-root [NodeConformance] [Conformance]': {
    file: 'src/node-agent/volumes/atomic-writer.ts',
    find: 'await chmod(target, group === undefined ? mode : mode | 0o440);',
    replace: '',
    why: 'Files keep the mode they are written with.',
  },
  '[sig-storage] ConfigMap should be consumable from pods in volume with defaultMode set [LinuxOnly] [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/volumes/volume.plan.ts',
      find: "collector.addKeys({ kind: 'configMap', name, items, optional, mode: defaultMode ?? DEFAULT_MODE });",
      replace: "collector.addKeys({ kind: 'configMap', name, items, optional, mode: DEFAULT_MODE });",
      why: 'The mode of the volume does not count.',
    },
  '[sig-storage] ConfigMap should be consumable from pods in volume with mappings [NodeConformance] [Conformance]': {
    file: 'src/node-agent/volumes/volume.plan.ts',
    find: 'for (const item of items ?? keys.map(',
    replace: 'for (const item of keys.map(',
    why: 'All keys are mounted by their names.',
  },
  '[sig-storage] ConfigMap should be consumable from pods in volume with mappings and Item mode set [LinuxOnly] [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/volumes/volume.plan.ts',
      find: 'this.add(item.path, content, item.mode ?? mode)',
      replace: 'this.add(item.path, content, mode)',
      why: 'The mode of an item does not count.',
    },
  '[sig-storage] Secrets should be consumable from pods in volume [NodeConformance] [Conformance]': {
    file: 'src/node-agent/pod/references.plan.ts',
    find: "Object.hasOwn(data, key) ? Buffer.from(data[key] ?? '', 'base64')",
    replace: "Object.hasOwn(data, key) ? Buffer.from(data[key] ?? '', 'utf8')",
    why: 'Secrets are mounted as they are stored.',
  },
  '[sig-storage] Secrets should be consumable from pods in volume with defaultMode set [LinuxOnly] [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/volumes/volume.plan.ts',
      find: "collector.addKeys({ kind: 'secret', name, items, optional, mode: defaultMode ?? DEFAULT_MODE });",
      replace: "collector.addKeys({ kind: 'secret', name, items, optional, mode: DEFAULT_MODE });",
      why: 'The mode of the volume does not count.',
    },
  '[sig-storage] Secrets should be consumable from pods in volume as non-root with defaultMode and fsGroup set [LinuxOnly] [NodeConformance] [Conformance]':
    {
      file: SECURITY,
      find: '...(groups.length === 0 ? {} : { groups: groups.map(String) }),',
      replace: '',
      why: 'Containers are not in the group of the pod.',
    },
  '[sig-storage] Secrets should be consumable from pods in volume with mappings [NodeConformance] [Conformance]': {
    file: 'src/node-agent/volumes/volume.plan.ts',
    find: 'this.add(item.path, content, item.mode ?? mode)',
    replace: 'this.add(item.key, content, item.mode ?? mode)',
    why: 'Items are mounted by their keys.',
  },
  '[sig-storage] Secrets should be consumable from pods in volume with mappings and Item Mode set [LinuxOnly] [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/volumes/volume.plan.ts',
      find: 'this.add(item.path, content, item.mode ?? mode)',
      replace: 'this.add(item.path, content, mode)',
      why: 'The mode of an item does not count.',
    },
  '[sig-storage] Secrets should be able to mount in a volume regardless of a different secret existing with same name in different namespace [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/references/reference-store.ts',
      find: 'const selection = { namespace, fieldSelector',
      replace: 'const selection = { fieldSelector',
      why: 'Secrets are looked for in all namespaces.',
    },
  '[sig-storage] ConfigMap should be consumable in multiple volumes in the same pod [NodeConformance] [Conformance]': {
    file: 'src/node-agent/volumes/volumes.ts',
    find: 'for (const volume of pod.spec.volumes ?? []) {',
    replace: 'for (const volume of (pod.spec.volumes ?? []).slice(0, 1)) {',
    why: 'A pod has one volume.',
  },
  '[sig-storage] Secrets should be consumable in multiple volumes in a pod [NodeConformance] [Conformance]': {
    file: 'src/node-agent/pod/container-builder.ts',
    find: '[path.posix.normalize(mount.containerPath), mount]',
    replace: '[String(mount.readOnly), mount]',
    why: 'Of several mounts the last one counts.',
  },
  '[sig-storage] Projected configMap should be consumable from pods in volume [NodeConformance] [Conformance]': {
    file: 'src/node-agent/volumes/volume.plan.ts',
    find: "if (source.configMap) collector.addKeys({ kind: 'configMap', name: '', ...source.configMap, mode });",
    replace: '',
    why: 'ConfigMaps are left out of projected volumes.',
  },
  '[sig-storage] Projected secret should be consumable from pods in volume with mappings [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/volumes/volume.plan.ts',
      find: "{ kind: 'secret', name: '', ...source.secret, mode }",
      replace: "{ kind: 'secret', name: source.secret.name ?? '', mode }",
      why: 'Items of a projected Secret do not count.',
    },
  '[sig-storage] Projected combined should project all components that make up the projection API [Projection] [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/volumes/volume.plan.ts',
      find: 'if (source.downwardAPI) addDownward(collector, input, source.downwardAPI.items ?? [], mode);',
      replace: '',
      why: 'Facts about the pod are left out of projected volumes.',
    },
  "[sig-storage] Downward API volume should provide container's cpu limit [NodeConformance] [Conformance]": {
    file: 'src/node-agent/volumes/volume.plan.ts',
    find: 'resourceValue({ spec, node: input.node }, resourceFieldRef)',
    replace: "resourceValue({ spec, node: input.node }, { ...resourceFieldRef, divisor: '1m' })",
    why: 'Processors are told in thousandths.',
  },
  "[sig-storage] Downward API volume should provide container's memory request [NodeConformance] [Conformance]": {
    file: 'src/node-agent/pod/env.plan.ts',
    find: 'Math.ceil(bytes / Math.max(1, quantityToBytes(unit)))',
    replace: 'Math.ceil(bytes / 1024)',
    why: 'Memory is told in KiB.',
  },
  '[sig-storage] Downward API volume should provide podname only [NodeConformance] [Conformance]': {
    file: 'src/node-agent/pod/env.plan.ts',
    find: "case 'metadata.name':\n      return metadata.name;",
    replace: "case 'metadata.name':\n      return metadata.uid;",
    why: 'The uid is told as the name.',
  },
  '[sig-storage] EmptyDir volumes volume on default medium should have the correct mode [LinuxOnly] [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/volumes/volumes.ts',
      find: 'await makeFolder(hostPath, 0o777, group, wall);',
      replace: 'await makeFolder(hostPath, 0o755, group, wall);',
      why: 'An empty folder is for root to write.',
    },
  '[sig-storage] EmptyDir volumes should support (non-root,0644,default) [LinuxOnly] [NodeConformance] [Conformance]': {
    file: 'src/node-agent/volumes/volumes.ts',
    find: 'await makeFolder(hostPath, 0o777, group, wall);',
    replace: 'await makeFolder(hostPath, 0o700, group, wall);',
    why: 'An empty folder is for root only.',
  },
  '[sig-storage] EmptyDir volumes should support (root,0777,tmpfs) [LinuxOnly] [NodeConformance] [Conformance]': {
    file: 'src/node-agent/volumes/volumes.ts',
    find: 'plan.memory ? folders.memory : folders.disk',
    replace: 'plan.memory ? folders.disk : folders.disk',
    why: 'What was to lie in memory lies on disk.',
  },
  '[sig-storage] EmptyDir volumes pod should support shared volumes between containers [Conformance]': {
    file: 'src/node-agent/volumes/volumes.ts',
    find: 'hostPath: await sourceOf(volume, subPath, ',
    replace: "hostPath: await sourceOf(volume, subPath === '' && !volume.ours ? spec.name : subPath, ",
    why: 'Each container has a part of a volume of its own.',
  },
  '[sig-storage] EmptyDir wrapper volumes should not conflict [Conformance]': {
    file: 'src/node-agent/volumes/volumes.ts',
    find: 'for (const volume of pod.spec.volumes ?? []) {',
    replace: 'for (const volume of (pod.spec.volumes ?? []).slice(0, 1)) {',
    why: 'A pod has one volume.',
  },
  '[sig-storage] ConfigMap binary data should be reflected in volume [NodeConformance] [Conformance]': {
    file: 'src/node-agent/pod/references.plan.ts',
    find: "Buffer.from(binaryData[key] ?? '', 'base64')",
    replace: "Buffer.from(binaryData[key] ?? '', 'utf8')",
    why: 'Binary data is mounted as it is stored.',
  },
  '[sig-storage] ConfigMap updates should be reflected in volume [NodeConformance] [Conformance]': {
    file: 'src/node-agent/pod/pod-worker.ts',
    find: 'this.#starter.referencesChanged();\n    this.#volumes.refresh();',
    replace: 'this.#starter.referencesChanged();',
    why: 'Mounted files stay as they were.',
  },
  '[sig-storage] Projected configMap updates should be reflected in volume [NodeConformance] [Conformance]': {
    file: 'src/node-agent/volumes/atomic-writer.ts',
    find: 'if (before !== undefined && (',
    replace: 'if (before !== undefined || (',
    why: 'What is written once is not written again.',
  },
  '[sig-storage] ConfigMap optional updates should be reflected in volume [NodeConformance] [Conformance]': {
    file: 'src/node-agent/volumes/volume.plan.ts',
    find: "if (known !== 'absent') this.fail(",
    replace: "if (known !== 'present') this.fail(",
    why: 'What is optional and missing is waited for.',
  },
  '[sig-storage] Secrets optional updates should be reflected in volume [NodeConformance] [Conformance]': {
    file: 'src/node-agent/references/reference-store.ts',
    find: "return object === undefined ? { state: 'absent' } :",
    replace: "return object === undefined ? { state: 'unknown' } :",
    why: 'What is not there counts as not known yet.',
  },
  '[sig-storage] Projected configMap optional updates should be reflected in volume [NodeConformance] [Conformance]': {
    file: 'src/node-agent/references/reference-store.ts',
    find: 'if (current !== undefined) void this.#keepCopy(reference, current);\n      onChange(reference);',
    replace: 'if (current !== undefined) void this.#keepCopy(reference, current);',
    why: 'Nobody hears of changes.',
  },
  '[sig-storage] Projected secret optional updates should be reflected in volume [NodeConformance] [Conformance]': {
    file: 'src/node-agent/volumes/volume.plan.ts',
    find: "{ kind: 'secret', name: '', ...source.secret, mode }",
    replace: "{ kind: 'secret', name: '', ...source.secret, optional: false, mode }",
    why: 'A projected Secret is never optional.',
  },
  '[sig-storage] Downward API volume should update labels on modification [NodeConformance] [Conformance]': {
    file: 'src/node-agent/pod/pod-worker.ts',
    find: 'if (isOther) this.#volumes.refresh();',
    replace: '',
    why: 'Files about the pod stay as they were.',
  },
  '[sig-storage] Downward API volume should update annotations on modification [NodeConformance] [Conformance]': {
    file: 'src/node-agent/pod/pod-worker.ts',
    find: '!equalJson(annotations, pod.metadata.annotations)',
    replace: 'false',
    why: 'Changed annotations are not told.',
  },
  '[sig-storage] Subpath Atomic writer volumes should support subpaths with configmap pod [Conformance]': {
    file: 'src/node-agent/volumes/volumes.ts',
    find: 'if (volume.ours) return await resolveOwnSubPath(volume.hostPath, subPath);',
    replace: 'if (volume.ours) return volume.hostPath;',
    why: 'A part of a volume is the whole.',
  },
  '[sig-storage] Subpath Atomic writer volumes should support subpaths with secret pod [Conformance]': {
    file: 'src/node-agent/volumes/volumes.ts',
    find: "(mount.subPath ?? '')",
    replace: "('')",
    why: 'Sub-paths do not count.',
  },
  '[sig-node] Container Runtime blackbox test on terminated container should report termination message if TerminationMessagePath is set as non-root user and at a non-default path [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/pod/container-builder.ts',
      find: "writeBoundFile(lastWords, '', 0o666)",
      replace: "writeBoundFile(lastWords, '', 0o600)",
      why: 'Only root can leave last words.',
    },
  '[sig-node] Container Runtime blackbox test on terminated container should report termination message from log output if TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/pod/last-words.ts',
      find: "policy !== 'FallbackToLogsOnError' || exitCode === 0",
      replace: "policy !== 'FallbackToLogsOnError' || exitCode !== 0",
      why: 'The log stands in for last words of what ended well.',
    },
  '[sig-node] Container Runtime blackbox test on terminated container should report termination message as empty when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/pod/last-words.ts',
      find: " || exitCode === 0) return '';",
      replace: ") return '';",
      why: 'The log always stands in for last words.',
    },
  '[sig-node] Container Runtime blackbox test on terminated container should report termination message from file when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/pod/last-words.ts',
      find: '(await this.#fromFile(container)) || ',
      replace: '',
      why: 'Nobody reads the file of last words.',
    },
  '[sig-node] Container Runtime blackbox test when starting a container that exits should run with the expected status [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/pod/containers.plan.ts',
      find: "case 'OnFailure':\n      return container.exitCode !== 0;",
      replace: "case 'OnFailure':\n      return false;",
      why: 'What failed is not started again although failures are to be.',
    },
  '[sig-node] InitContainer [NodeConformance] should invoke init containers on a RestartNever pod [Conformance]': {
    file: 'src/node-agent/pod/pod.plan.ts',
    find: "  if (!initialised) return result(false, 'init containers have not ended');",
    replace: '',
    why: 'The others do not wait for the init containers.',
  },
  '[sig-node] InitContainer [NodeConformance] should invoke init containers on a RestartAlways pod [Conformance]': {
    file: 'src/node-agent/pod/status.plan.ts',
    find: 'ready: runsOnce ? state.terminated?.exitCode === 0 : started',
    replace: 'ready: runsOnce ? false : started',
    why: 'An init container that ended well is not ready.',
  },
  '[sig-node] InitContainer [NodeConformance] should not start app containers if init containers fail on a RestartAlways pod [Conformance]':
    {
      file: 'src/node-agent/pod/status.plan.ts',
      find: "initialising ? 'PodInitializing' : 'ContainerCreating'",
      replace: "initialising ? 'ContainerCreating' : 'ContainerCreating'",
      why: 'Whoever waits for init containers says that it is being made.',
    },
  '[sig-node] InitContainer [NodeConformance] should not start app containers and fail the pod if init containers fail on a RestartNever pod [Conformance]':
    {
      file: 'src/node-agent/pod/status.plan.ts',
      find: "initialising ? 'PodInitializing' : 'ContainerCreating'",
      replace: "initialising ? 'ContainerCreating' : 'ContainerCreating'",
      why: 'Whoever waits for init containers says that it is being made.',
    },
  '[sig-node] Probing container should be restarted with a exec "cat /tmp/health" liveness probe [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/probes/ask.ts',
      find: 'ok: exitCode === 0,',
      replace: 'ok: true,',
      why: 'Every command succeeds.',
    },
  '[sig-node] Probing container should *not* be restarted with a exec "cat /tmp/health" liveness probe [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/probes/ask.ts',
      find: 'ok: exitCode === 0,',
      replace: 'ok: exitCode !== 0,',
      why: 'Commands succeed by failing.',
    },
  '[sig-node] Probing container should be restarted with a /healthz http liveness probe [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/probes/http-probe.ts',
      find: 'if (status < 200 || status >= 400) {',
      replace: 'if (status < 200) {',
      why: 'Every answer is a good one.',
    },
  '[sig-node] Probing container should *not* be restarted with a /healthz http liveness probe [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/probes/ask.ts',
      find: "path: httpGet.path ?? '/',",
      replace: "path: '/nowhere',",
      why: 'All programs are asked for the same page.',
    },
  '[sig-node] Probing container should have monotonically increasing restart count [NodeConformance] [Conformance]': {
    file: 'src/node-agent/pod/status.plan.ts',
    find: 'restartCount: Math.max(last?.attempt ?? 0, before?.restartCount ?? 0),',
    replace: 'restartCount: (last?.attempt ?? 0) % 2,',
    why: 'The count of restarts falls.',
  },
  '[sig-node] Probing container should *not* be restarted with a tcp:8080 liveness probe [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/probes/ask.ts',
      find: 'if (tcpSocket) return await probeTcp(host, port, signal);',
      replace: 'if (tcpSocket) return await probeTcp(host, port + 1, signal);',
      why: 'Another port is asked.',
    },
  '[sig-node] Probing container should *not* be restarted with a GRPC liveness probe [NodeConformance] [Conformance]': {
    file: 'src/node-agent/probes/grpc-probe.ts',
    find: "const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];",
    replace: "const STATUSES = ['SERVING', 'UNKNOWN', 'NOT_SERVING', 'SERVICE_UNKNOWN'];",
    why: 'The words of the health service are mistaken for each other.',
  },
  '[sig-node] Probing container should be restarted with a GRPC liveness probe [NodeConformance] [Conformance]': {
    file: 'src/node-agent/probes/prober.ts',
    find: "if (one?.state.verdict !== 'failure') continue;",
    replace: "if (one?.state.verdict !== 'failure' || one.probe.grpc) continue;",
    why: 'Nobody is restarted for what the health service says.',
  },
  '[sig-node] Probing container with readiness probe should not be ready before initial delay and never restart [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/probes/probe.plan.ts',
      find: 'initialDelayMs: (probe.initialDelaySeconds ?? 0) * 1000,',
      replace: 'initialDelayMs: 0,',
      why: 'Programs are asked at once.',
    },
  '[sig-node] Probing container with readiness probe that fails should never be ready and never restart [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/probes/prober.ts',
      find: "probed.probes.get('readiness')?.state.verdict ?? 'success'",
      replace: "probed.probes.get('liveness')?.state.verdict ?? 'success'",
      why: 'The wrong probe decides over being ready.',
    },
  '[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute poststart exec hook properly [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/pod/container-starter.ts',
      find: 'const handler = spec.lifecycle?.postStart;',
      replace: 'const handler = spec.lifecycle?.preStop;',
      why: 'Hooks of the end run at the start.',
    },
  '[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute prestop exec hook properly [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/pod/container-stopper.ts',
      find: 'const handler = spec.lifecycle?.preStop;',
      replace: 'const handler = spec.lifecycle?.postStart;',
      why: 'Hooks of the start run at the end.',
    },
  '[sig-node] Pods should get a host IP [NodeConformance] [Conformance]': {
    file: 'src/node-agent/pod/status.plan.ts',
    find: 'hostIPs: [{ ip: hostIP }],',
    replace: 'hostIPs: [],',
    why: 'The addresses of the node are not told.',
  },
  '[sig-node] Pods should allow activeDeadlineSeconds to be updated [NodeConformance] [Conformance]': {
    file: 'src/node-agent/pod/containers.plan.ts',
    find: 'spec.activeDeadlineSeconds * 1000;',
    replace: 'spec.activeDeadlineSeconds * 1_000_000;',
    why: 'The time of pods is counted in thousands of seconds.',
  },
  '[sig-node] Pods should contain environment variables for services [NodeConformance] [Conformance]': {
    file: 'src/node-agent/services/service-env.plan.ts',
    find: 'String(first.port));',
    replace: 'String(first.port + 1));',
    why: 'Variables of Services tell of another port.',
  },
  '[sig-node] Ephemeral Containers [NodeConformance] will start an ephemeral container in an existing pod [Conformance]':
    {
      file: 'src/node-agent/pod/pod.plan.ts',
      find: '  for (const spec of ephemeralContainersOf(pod)) take(planEphemeral(snapshot, sandbox, spec));\n',
      replace: '',
      why: 'Nobody starts ephemeral containers.',
    },
  '[sig-node] Ephemeral Containers [NodeConformance] should update the ephemeral containers in an existing pod [Conformance]':
    {
      file: 'src/node-agent/pod/pod.plan.ts',
      find: '  for (const spec of ephemeralContainersOf(pod)) take(',
      replace: '  for (const spec of ephemeralContainersOf(pod).slice(0, 1)) take(',
      why: 'A pod has one ephemeral container.',
    },
  '[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute poststart http hook properly [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/probes/ask.ts',
      find: 'if (isWithin(clusterCidr, wanted)) return wanted;',
      replace: '',
      why: 'Hooks reach their own pod only.',
    },
  '[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute prestop http hook properly [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/pod/container-stopper.ts',
      find: 'if (isFirst) await this.#prepare(action);',
      replace: '',
      why: 'Containers are stopped without their hook.',
    },
  '[sig-node] PreStop should call prestop when killing a pod [Conformance]': {
    file: 'src/node-agent/pod/container-stopper.ts',
    find: 'if (spec !== undefined) await this.#runHook(spec, id, graceSeconds);',
    replace: '',
    why: 'Nobody runs hooks of the end.',
  },
  '[sig-auth] ServiceAccounts should mount an API token into pods [Conformance]': {
    file: 'src/server/auth/service-accounts/pod-account.plan.ts',
    find: 'spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true',
    replace: 'spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? false',
    why: 'Pods get a token only where somebody says so.',
  },
  '[sig-auth] ServiceAccounts should mount projected service account token [Conformance]': {
    file: 'src/node-agent/volumes/volume.plan.ts',
    find: 'if (source.serviceAccountToken) addToken(collector, input, source.serviceAccountToken, mode);',
    replace: '',
    why: 'Tokens are left out of projected volumes.',
  },
  '[sig-node] Pods should support remote command execution over websockets [NodeConformance] [Conformance]': {
    file: 'src/streams/channel-link.ts',
    find: '  stdout: 1,',
    replace: '  stdout: 5,',
    why: 'What a command says comes on a channel of another number.',
  },
  '[sig-cli] Kubectl logs logs should be able to retrieve and filter logs [Conformance]': {
    file: 'src/runtime/docker/logs.ts',
    find: "tail: tailLines === undefined ? 'all' : String(tailLines),",
    replace: "tail: 'all',",
    why: 'Logs are always told whole.',
  },
  '[sig-network] Networking Granular Checks: Pods should function for intra-pod communication: http [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/network/pod-network.ts',
      find: 'await network.attachPod({ id: pod.metadata.uid, ip: address, pid });',
      replace: '',
      why: 'Pods get no network.',
    },
  '[sig-network] Networking Granular Checks: Pods should function for node-pod communication: http [LinuxOnly] [NodeConformance] [Conformance]':
    {
      file: 'src/node-agent/pod/status.plan.ts',
      find: 'podIP: ip, podIPs: [{ ip }]',
      replace: 'podIP: hostIP, podIPs: [{ ip }]',
      why: "The node's address is told as the pod's.",
    },
  '[sig-network] Services should be able to create a functioning NodePort service [Conformance]': {
    file: 'src/node-agent/services/services.plan.ts',
    find: '...(nodePort === undefined || nodePort === 0 ? {} : { nodePort }),',
    replace: '',
    why: 'No port of the node leads to a Service.',
  },
  '[sig-network] Services should be able to change the type from ExternalName to ClusterIP [Conformance]': {
    file: 'src/node-agent/services/services.plan.ts',
    find: 'const own = byService.get(serviceKey(service)) ?? [];',
    replace: 'const own: readonly EndpointSlice[] = [];',
    why: 'Services lead nowhere.',
  },
  '[sig-network] Services should be able to change the type from ExternalName to NodePort [Conformance]': {
    file: 'src/node-agent/services/services.plan.ts',
    find: '...(nodePort === undefined || nodePort === 0 ? {} : { nodePort }),',
    replace: '',
    why: 'No port of the node leads to a Service.',
  },
  '[sig-network] Services should have session affinity work for service with type clusterIP [LinuxOnly] [Conformance]':
    {
      file: 'src/network/services/affinity.plan.ts',
      find: 'addRule(name, remember(name)),',
      replace: '',
      why: 'No client is remembered.',
    },
  '[sig-network] Services should have session affinity work for NodePort service [LinuxOnly] [Conformance]': {
    file: 'src/network/services/fronts.plan.ts',
    find: "kind: 'node', ip: '', port: nodePort, ...same });",
    replace: "kind: 'node', ip: '', port: nodePort, protocol, backends: same.backends });",
    why: 'At a port of the node nobody stays.',
  },
  '[sig-network] Services should be able to switch session affinity for service with type clusterIP [LinuxOnly] [Conformance]':
    {
      file: 'src/network/services/fronts.plan.ts',
      find: '|| a.affinitySeconds !== b.affinitySeconds',
      replace: '',
      why: 'A Service that changes whether it keeps its clients stays as it was.',
    },
  '[sig-network] Services should be able to switch session affinity for NodePort service [LinuxOnly] [Conformance]': {
    file: 'src/network/services/services.plan.ts',
    find: 'sameAffinity(a, b) &&',
    replace: '',
    why: 'What stands in the kernel is not changed when a Service begins or ends to keep its clients.',
  },
  '[sig-network] HostPort validates that there is no conflict between pods with same hostPort but different hostIP and protocol [LinuxOnly] [Conformance]':
    {
      file: 'src/network/services/fronts.plan.ts',
      find: 'const isAny = EVERY_ADDRESS.includes(hostIP);',
      replace: 'const isAny = true;',
      why: 'A host port is taken at every address, whichever its pod names.',
    },
  '[sig-apps] ReplicaSet should serve a basic image on each replica with a public image [Conformance]': {
    file: 'src/server/proxy/proxy-target.plan.ts',
    find: 'if (number >= 1 && number <= 65_535) return number;',
    replace: 'if (number >= 1 && number <= 65_535) return 80;',
    why: 'Whatever port is asked for, another one answers.',
  },
  '[sig-network] Proxy version v1 should proxy through a service and a pod [Conformance]': {
    file: 'src/server/proxy/proxy-target.plan.ts',
    find: 'spec.ports?.find((each) => each.port === Number(port))',
    replace: 'spec.ports?.find((each) => each.name === port)',
    why: 'Ports of Services are known by their names only.',
  },
  '[sig-apps] Job should run a job to completion when tasks sometimes fail and are locally restarted [Conformance]': {
    file: 'src/node-agent/pod/containers.plan.ts',
    find: "case 'OnFailure':\n      return container.exitCode !== 0;",
    replace: "case 'OnFailure':\n      return false;",
    why: 'What failed is not started again in its place.',
  },
  '[sig-apps] Job should create pods for an Indexed job with completion indexes and specified hostname [Conformance]': {
    file: 'src/controllers/job/pod-template.plan.ts',
    find: 'hostname: `',
    replace: "hostname: 'pod-' + `",
    why: 'Pods of an indexed Job have other host names.',
  },
  '[sig-apps] Job should adopt matching orphans and release non-matching pods [Conformance]': {
    file: 'src/controllers/shared/claim.ts',
    find: 'if (plan.adopt.length === 0 || ',
    replace: 'if (plan.adopt.length >= 0 || ',
    why: 'Nobody takes orphans.',
  },
  '[sig-apps] Job should delete a job [Conformance]': {
    file: 'src/controllers/job/untracking.ts',
    find: 'return job?.metadata.uid === controller.uid && !isOver(job);',
    replace: 'return true;',
    why: 'Pods wait to be counted by a Job that is gone.',
  },
  '[sig-apps] Job should apply changes to a job status [Conformance]': {
    file: 'src/server/registry/rows/jobs.ts',
    find: '  subresources: statusOf(JOBS),\n',
    replace: '',
    why: 'Jobs have no subresource `status`.',
  },
  '[sig-apps] Job should allow to use the pod failure policy on exit code to fail the job early [Conformance]': {
    file: 'src/controllers/job/policies.plan.ts',
    find: "values.includes(exitCode) === (operator === 'In')",
    replace: "values.includes(exitCode) === (operator === 'NotIn')",
    why: 'Rules hold for the exit codes that they do not name.',
  },
  '[sig-apps] Job should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition [Conformance]':
    {
      file: 'src/controllers/job/policies.plan.ts',
      find: 'each.type === condition.type && each.status === condition.status',
      replace: 'each.type === condition.type && each.status !== condition.status',
      why: 'Rules hold for conditions that are not as they say.',
    },
  '[sig-node] Pods should support retrieving logs from the container over websockets [NodeConformance] [Conformance]': {
    file: 'src/server/streams/log-messages.ts',
    find: '    base64 ? socket.send(',
    replace: '    !base64 ? socket.send(',
    why: 'Bytes come as text, and text as bytes.',
  },
  '[sig-network] Services should serve a basic endpoint from pods [Conformance]': {
    file: 'src/controllers/endpoint-slice/endpoints.plan.ts',
    find: 'ready: anyway || (serving && !terminating)',
    replace: 'ready: anyway',
    why: 'No endpoint is ever ready.',
  },
  '[sig-network] Services should serve multiport endpoints from pods [Conformance]': {
    file: 'src/controllers/endpoint-slice/endpoints.plan.ts',
    find: 'return (spec.ports ?? []).flatMap(',
    replace: 'return (spec.ports ?? []).slice(0, 1).flatMap(',
    why: 'Slices tell of one port.',
  },
  '[sig-network] DNS should support configurable pod DNS nameservers [Conformance]': {
    file: 'src/node-agent/network/host-files.plan.ts',
    find: 'unique([...base.nameservers, ...(config?.nameservers ?? [])])',
    replace: 'unique([...base.nameservers])',
    why: "A pod's own nameservers are left out.",
  },
  '[sig-network] DNS should provide DNS for the cluster [Conformance]': {
    file: 'src/network/dns/dns.plan.ts',
    find: "if (type === 'A') return { answers: addresses(asked, name), additionals: [] };",
    replace: '',
    why: 'Names have no addresses.',
  },
  '[sig-network] DNS should provide /etc/hosts entries for the cluster [Conformance]': {
    file: 'src/node-agent/network/host-files.plan.ts',
    find: 'full === undefined ? hostname :',
    replace: 'full !== undefined ? hostname :',
    why: "A pod's full name is left out.",
  },
  '[sig-network] DNS should provide DNS for services [Conformance]': {
    file: 'src/node-agent/services/dns.plan.ts',
    find: 'ptr.set(clusterIP, name);',
    replace: '',
    why: 'Addresses of Services have no names.',
  },
  '[sig-network] DNS should resolve DNS of partial qualified names for services [LinuxOnly] [Conformance]': {
    file: 'src/node-agent/network/host-files.plan.ts',
    find: 'const own = [',
    replace: 'const own: string[] = [];\n  void [',
    why: 'Pods look for names as they are only.',
  },
  '[sig-network] DNS should provide DNS for pods for Hostname [Conformance]': {
    file: 'src/node-agent/network/host-files.plan.ts',
    find: "if (spec.hostname !== undefined && spec.hostname !== '') return spec.hostname;",
    replace: '',
    why: "A pod's own word for its host name does not count.",
  },
  '[sig-network] DNS should provide DNS for pods for Subdomain [Conformance]': {
    file: 'src/controllers/endpoint-slice/endpoints.plan.ts',
    find: '...(named ? { hostname } : {}),',
    replace: '',
    why: 'Endpoints have no names.',
  },
  '[sig-network] DNS should provide DNS for ExternalName services [Conformance]': {
    file: 'src/network/dns/dns.plan.ts',
    find: 'const target = records.cname.get(at);',
    replace: 'const target: string | undefined = undefined;',
    why: 'No name stands for another.',
  },
  '[sig-network] Services should be able to change the type from ClusterIP to ExternalName [Conformance]': {
    file: 'src/network/dns/dns.plan.ts',
    find: 'const last = aliases.at(-1)?.data ?? name;',
    replace: 'const last = name;',
    why: 'The other name is told, but not its address.',
  },
  '[sig-network] Services should be able to change the type from NodePort to ExternalName [Conformance]': {
    file: 'src/network/dns/dns.plan.ts',
    find: 'answers: [...aliases, ...rest.answers] }',
    replace: 'answers: [...rest.answers] }',
    why: 'An address is told, but not the name between.',
  },
};
