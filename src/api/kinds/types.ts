import type * as admission from 'kubernetes-types/admissionregistration/v1.js';
import type * as apiextensions from 'kubernetes-types/apiextensions/v1.js';
import type * as apps from 'kubernetes-types/apps/v1.js';
import type * as autoscalingV1 from 'kubernetes-types/autoscaling/v1.js';
import type * as autoscaling from 'kubernetes-types/autoscaling/v2.js';
import type * as batch from 'kubernetes-types/batch/v1.js';
import type * as certificates from 'kubernetes-types/certificates/v1.js';
import type * as coordination from 'kubernetes-types/coordination/v1.js';
import type * as core from 'kubernetes-types/core/v1.js';
import type * as discovery from 'kubernetes-types/discovery/v1.js';
import type * as networking from 'kubernetes-types/networking/v1.js';
import type * as node from 'kubernetes-types/node/v1.js';
import type * as policy from 'kubernetes-types/policy/v1.js';
import type * as rbac from 'kubernetes-types/rbac/v1.js';
import type * as scheduling from 'kubernetes-types/scheduling/v1.js';
import type * as storage from 'kubernetes-types/storage/v1.js';
import type { StoredMeta } from '../meta/object.ts';

/** A Kubernetes type as the API returns it: identified, with `metadata` and the named parts always there. */
type Stored<T, Present extends keyof T = never> = Omit<T, 'metadata' | 'apiVersion' | 'kind' | Present> &
  Required<Pick<T, Present>> & { apiVersion: string; kind: string; metadata: StoredMeta; [field: string]: unknown };

export type Namespace = Stored<core.Namespace>;
export type Node = Stored<core.Node>;
export type Pod = Stored<core.Pod, 'spec'>;
export type Service = Stored<core.Service, 'spec'>;
export type ConfigMap = Stored<core.ConfigMap>;
export type Secret = Stored<core.Secret>;
export type ServiceAccount = Stored<core.ServiceAccount>;
export type Event = Stored<core.Event>;
export type LimitRange = Stored<core.LimitRange>;
export type ResourceQuota = Stored<core.ResourceQuota>;
export type PersistentVolume = Stored<core.PersistentVolume>;
export type PersistentVolumeClaim = Stored<core.PersistentVolumeClaim>;
export type Endpoints = Stored<core.Endpoints>;
export type ReplicationController = Stored<core.ReplicationController, 'spec'>;
export type PodTemplate = Stored<core.PodTemplate>;
export type ReplicaSet = Stored<apps.ReplicaSet, 'spec'>;
export type Deployment = Stored<apps.Deployment, 'spec'>;
export type StatefulSet = Stored<apps.StatefulSet, 'spec'>;
export type DaemonSet = Stored<apps.DaemonSet, 'spec'>;
export type ControllerRevision = Stored<apps.ControllerRevision>;
export type Job = Stored<batch.Job, 'spec'>;
export type CronJob = Stored<batch.CronJob, 'spec'>;
export type Scale = Stored<autoscalingV1.Scale, 'spec'>;
export type HorizontalPodAutoscaler = Stored<autoscaling.HorizontalPodAutoscaler, 'spec'>;
export type PodDisruptionBudget = Stored<policy.PodDisruptionBudget>;
export type PriorityClass = Stored<scheduling.PriorityClass>;
export type RuntimeClass = Stored<node.RuntimeClass>;
export type EndpointSlice = Stored<discovery.EndpointSlice>;
export type Lease = Stored<coordination.Lease>;
export type Ingress = Stored<networking.Ingress>;
export type IngressClass = Stored<networking.IngressClass>;
export type NetworkPolicy = Stored<networking.NetworkPolicy>;
export type StorageClass = Stored<storage.StorageClass>;
export type CsiNode = Stored<storage.CSINode, 'spec'>;
export type ValidatingWebhookConfiguration = Stored<admission.ValidatingWebhookConfiguration>;
export type MutatingWebhookConfiguration = Stored<admission.MutatingWebhookConfiguration>;
export type { ApiService } from './api-service.ts';
export type Role = Stored<rbac.Role>;
export type RoleBinding = Stored<rbac.RoleBinding>;
export type ClusterRole = Stored<rbac.ClusterRole>;
export type CertificateSigningRequest = Stored<certificates.CertificateSigningRequest, 'spec'>;
export type CustomResourceDefinition = Stored<apiextensions.CustomResourceDefinition, 'spec'>;
export type ClusterRoleBinding = Stored<rbac.ClusterRoleBinding>;

export type {
  DaemonSetStatus,
  DeploymentCondition,
  DeploymentSpec,
  DeploymentStatus,
  ReplicaSetSpec,
  ReplicaSetStatus,
  StatefulSetStatus,
} from 'kubernetes-types/apps/v1.js';
export type {
  CrossVersionObjectReference,
  HorizontalPodAutoscalerStatus,
  HPAScalingPolicy,
  HPAScalingRules,
  MetricSpec,
  MetricStatus,
  MetricTarget,
} from 'kubernetes-types/autoscaling/v2.js';
export type { CronJobStatus, JobCondition, JobSpec, JobStatus } from 'kubernetes-types/batch/v1.js';
export type {
  Container,
  ContainerState,
  ContainerStatus,
  EndpointAddress,
  EndpointSubset,
  NodeCondition,
  NodeSpec,
  NodeStatus,
  PodCondition,
  PodSpec,
  PodStatus,
  PodTemplateSpec,
  Probe,
  ResourceRequirements,
  ServicePort,
  Taint,
  Toleration,
  Volume,
} from 'kubernetes-types/core/v1.js';
export type { Endpoint, EndpointPort } from 'kubernetes-types/discovery/v1.js';
export type { PolicyRule, RoleRef, Subject } from 'kubernetes-types/rbac/v1.js';
