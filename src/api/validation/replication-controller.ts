/** Rules of ReplicationControllers and PodTemplates. Source: kubernetes pkg/apis/core/validation/validation.go (v1.32). */
import type { PodTemplate, ReplicationController } from '../kinds/types.ts';
import { type Issues, type Loose, notNegativeNumber } from './checks.ts';
import { required } from './issues.ts';
import { validatePodTemplate } from './pod.ts';
import { validateLastingTemplate, validateReplicaCounts, validateTemplateLabels } from './workload.ts';

export function* validateReplicationController({ spec = {} }: Loose<ReplicationController>): Issues {
  yield* notNegativeNumber('spec.minReadySeconds', spec.minReadySeconds);
  const matchLabels = spec.selector ?? {};
  const selectsNothing = Object.keys(matchLabels).length === 0;
  if (selectsNothing) yield required('spec.selector');
  yield* notNegativeNumber('spec.replicas', spec.replicas);
  if (spec.template === undefined) {
    yield required('spec.template');
    return;
  }
  if (!selectsNothing) yield* validateTemplateLabels({ matchLabels }, spec.template);
  yield* validateLastingTemplate(spec.template, { maker: 'ReplicationController' });
}

export function* validateReplicationControllerStatus({ status }: Loose<ReplicationController>): Issues {
  yield* validateReplicaCounts(status, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']);
}

export function* validatePodTemplateObject({ template = {} }: Loose<PodTemplate>): Issues {
  yield* validatePodTemplate(template, 'template');
}
