import { isRecord } from '#api';
import { RenderError } from '../template/index.ts';
import type { RenderedFile } from './render-chart.ts';
import { readYaml } from './yaml-file.ts';

/** One document of what a chart rendered. */
export interface ChartManifest {
  /** `chart/templates/x.yaml`. */
  readonly name: string;
  readonly kind: string;
  readonly text: string;
}

/** What is installed before what. Source: helm pkg/releaseutil/kind_sorter.go InstallOrder (v3.17). */
const INSTALL_ORDER = [
  'PriorityClass',
  'Namespace',
  'NetworkPolicy',
  'ResourceQuota',
  'LimitRange',
  'PodSecurityPolicy',
  'PodDisruptionBudget',
  'ServiceAccount',
  'Secret',
  'SecretList',
  'ConfigMap',
  'StorageClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleList',
  'ClusterRoleBinding',
  'ClusterRoleBindingList',
  'Role',
  'RoleList',
  'RoleBinding',
  'RoleBindingList',
  'Service',
  'DaemonSet',
  'Pod',
  'ReplicationController',
  'ReplicaSet',
  'Deployment',
  'HorizontalPodAutoscaler',
  'StatefulSet',
  'Job',
  'CronJob',
  'IngressClass',
  'Ingress',
  'APIService',
] as const;

const RANKS: ReadonlyMap<string, number> = new Map(INSTALL_ORDER.map((kind, index) => [kind, index]));

const HOOKS = new Set([
  'pre-install',
  'post-install',
  'pre-delete',
  'post-delete',
  'pre-upgrade',
  'post-upgrade',
  'pre-rollback',
  'post-rollback',
  'test',
  'test-success',
]);

/** Documents in the order in which Helm prints them: by kind, then by file; hooks after all others. Unknown hooks are left out. */
export function orderManifests(files: readonly RenderedFile[]): readonly ChartManifest[] {
  const plain: ChartManifest[] = [];
  const hooks: ChartManifest[] = [];
  for (const file of files) {
    for (const text of splitDocuments(file.text)) {
      const { kind, hook } = headOf(text, file);
      if (hook === undefined) plain.push({ name: file.name, kind, text });
      else if (hook.every((event) => HOOKS.has(event))) hooks.push({ name: file.name, kind, text });
    }
  }
  return [...plain.sort(byKind), ...hooks.sort(byKind)];
}

/** As `helm template` prints them. */
export function formatManifests(manifests: readonly ChartManifest[]): string {
  return manifests.map(({ name, text }) => `---\n# Source: ${name}\n${text}\n`).join('');
}

/** Source: helm pkg/releaseutil/manifest.go SplitManifests (v3.17). */
export function splitDocuments(text: string): readonly string[] {
  return text
    .trim()
    .split(/(?:^|\s*\n)---\s*/)
    .filter((document) => document !== '')
    .map((document) => document.trim());
}

function headOf(
  text: string,
  { path, name }: RenderedFile,
): { readonly kind: string; readonly hook: readonly string[] | undefined } {
  let value: unknown;
  try {
    value = readYaml(text, path, 'TemplateFailed');
  } catch (error) {
    if (error instanceof RenderError)
      throw new RenderError(
        'TemplateFailed',
        `what ${name} renders is not YAML: ${error.message}`,
        { path, line: 1, column: 1 },
        error,
      );
    throw error;
  }
  if (!isRecord(value)) return { kind: '', hook: undefined };
  const { kind, metadata } = value;
  const annotations = isRecord(metadata) ? metadata['annotations'] : undefined;
  const hook = isRecord(annotations) ? annotations['helm.sh/hook'] : undefined;
  return {
    kind: typeof kind === 'string' ? kind : '',
    hook: typeof hook === 'string' ? hook.split(',').map((event) => event.trim().toLowerCase()) : undefined,
  };
}

function byKind(left: ChartManifest, right: ChartManifest): number {
  const [a, b] = [RANKS.get(left.kind), RANKS.get(right.kind)];
  if (a !== undefined && b !== undefined) return a - b;
  if (a === undefined && b === undefined) return left.kind < right.kind ? -1 : left.kind > right.kind ? 1 : 0;
  return a === undefined ? 1 : -1;
}
