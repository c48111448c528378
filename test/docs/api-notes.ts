/** Of each kind: what differs from Kubernetes, and why. '' is: nothing that we know of. Shown in docs/api.md. */
const KEPT = 'Stored, checked and printed as in Kubernetes; nothing reads it yet.';

export const API_NOTES: Readonly<Record<string, string>> = {
  'core/Namespace': 'Also deletes what was made for it: `plumb approve` is asked first when Git no longer holds it.',
  'core/Node':
    'Made by the node agents. Address and pod network are those of the agent, the runtime is Docker. `proxy` answers what is most read of a kubelet ([sessions.md](sessions.md)).',
  'core/Pod':
    'Run by Docker, with volumes of the kinds emptyDir, configMap, secret, downwardAPI, projected, hostPath, persistentVolumeClaim and ephemeral ([volumes.md](volumes.md)); [scheduling.md](scheduling.md) tells which node gets it. What else a pod asks for is told in a warning and a condition. `eviction` keeps to disruption budgets ([policies.md](policies.md)). [sessions.md](sessions.md) has `exec`, `attach`, `port-forward`, `proxy` and `ephemeralcontainers`.',
  'core/Service':
    "ClusterIP and NodePort, by nftables on every node; `sessionAffinity: ClientIP` keeps a client, over a restart of the agent too, until it stayed away for `timeoutSeconds` (65535 clients of each pod; 1024 on loopback). LoadBalancer gets no address; ExternalName is another name in the cluster's DNS.",
  'core/ConfigMap': '',
  'core/Secret': 'Encrypted in the store. Values are in no log, event, diff or history.',
  'core/ServiceAccount':
    'Tokens are mounted into pods ([in-cluster.md](in-cluster.md)) and made by `kubectl create token`.',
  'core/Event':
    'Stored as core/v1, served as events.k8s.io/v1 too, with the rules of each for its writers; kept for a bounded time and number.',
  'core/LimitRange': 'Fills in what pods leave out, and holds pods and claims to it: [policies.md](policies.md).',
  'core/ResourceQuota':
    'Charged in the commit that stores an object, so that there is never more than fits: [policies.md](policies.md).',
  'core/PersistentVolume':
    'Bound to claims, given back and, where it is a folder of a node, deleted: [volumes.md](volumes.md).',
  'core/PersistentVolumeClaim':
    'Bound to a volume that fits, or one is made for it: [volumes.md](volumes.md). What a claim asks beyond its size is not enforced.',
  'core/Endpoints':
    'Kept for Services with a selector (1000 addresses at most), mirrored into EndpointSlices for those without. Traffic goes by EndpointSlices.',
  'core/ReplicationController': '',
  'core/PodTemplate': '',
  'certificates.k8s.io/CertificateSigningRequest':
    'Approved requests for `kubernetes.io/kube-apiserver-client` are signed by our own client authority: [access.md](access.md). No other signer is here.',
  'apiextensions.k8s.io/CustomResourceDefinition':
    'See [custom-resources.md](custom-resources.md): CEL rules are kept and not enforced, and conversion webhooks are not called.',
  'apps/ReplicaSet': '',
  'apps/DaemonSet': '',
  'apps/Deployment': '',
  'apps/StatefulSet': 'See [workloads.md](workloads.md).',
  'apps/ControllerRevision': '',
  'batch/Job': '',
  'batch/CronJob':
    'Without a time zone its times are those of UTC. Where clocks are put forward or back: [workloads.md](workloads.md#cronjob).',
  'autoscaling/HorizontalPodAutoscaler':
    'Stored as v2, served as v1 too. Scales by CPU and memory of pods or of one container; metrics of the types Pods, Object and External have no API here and are told as such: [workloads.md](workloads.md#horizontalpodautoscaler). A sync leaves the replicas of what it names alone.',
  'policy/PodDisruptionBudget': 'Followed by evictions, and so by `kubectl drain`: [policies.md](policies.md).',
  'scheduling.k8s.io/PriorityClass':
    'Sets the priority of pods that name it. One that fits nowhere may end pods of lower priority, unless its class says `preemptionPolicy: Never`: [scheduling.md](scheduling.md).',
  'node.k8s.io/RuntimeClass': KEPT,
  'discovery.k8s.io/EndpointSlice': '',
  'coordination.k8s.io/Lease': '',
  'networking.k8s.io/Ingress': KEPT,
  'networking.k8s.io/IngressClass': KEPT,
  'networking.k8s.io/NetworkPolicy': 'Stored and checked, and enforced by nobody yet: traffic is not filtered.',
  'rbac.authorization.k8s.io/Role': 'See [access.md](access.md).',
  'rbac.authorization.k8s.io/RoleBinding': 'See [access.md](access.md).',
  'rbac.authorization.k8s.io/ClusterRole': 'See [access.md](access.md).',
  'rbac.authorization.k8s.io/ClusterRoleBinding': 'See [access.md](access.md).',
  'storage.k8s.io/StorageClass':
    'Decides how claims get volumes; `node-local` is there from the start: [volumes.md](volumes.md).',
  'storage.k8s.io/CSINode': KEPT,
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration':
    'Kept, checked and printed as in Kubernetes, with a warning: the webhooks are not asked, so nothing is refused by them.',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration':
    'Kept, checked and printed as in Kubernetes, with a warning: the webhooks are not asked, so nothing is changed by them.',
  'apiregistration.k8s.io/APIService':
    'Kept, with a warning: no group is passed on to another server, and the condition `Available` says so. Those of the groups served here are not listed.',
  'metrics.k8s.io/NodeMetrics': 'Measured when asked for, stored nowhere; see [sessions.md](sessions.md).',
  'metrics.k8s.io/PodMetrics': 'As NodeMetrics.',
  'argoproj.io/Application':
    "Argo CD's, with the fields of [applications.md](applications.md). `operation` is stamped by the server.",
  'argoproj.io/ApplicationSet': "Argo CD's, with the generators of [applicationsets.md](applicationsets.md).",
  'argoproj.io/AppProject': "Argo CD's, with the fields of [projects.md](projects.md).",
  'plumbline.dev/SyncRun': 'Ours: one run of an Application, what was planned and what happened.',
  'plumbline.dev/RenderedSet': 'Ours: the objects of a run, encrypted in the store.',
  'plumbline.dev/Inventory': 'Ours: which objects an Application owns.',
};

/** What holds for all of them. */
export const API_DIFFERENCES: readonly string[] = [
  'A field of the wrong type is answered with 422 and its path, where Kubernetes answers 400 with the words of its decoder: the field is what a person looks for.',
  'Answers are JSON; request bodies may be JSON, YAML or protobuf ([protobuf.md](protobuf.md)).',
  'A YAML body is at most 64 KiB, since it is parsed while others wait; JSON and protobuf bodies are at most 3 MiB, as in Kubernetes.',
  'There is no anonymous access: without a good credential only `/healthz`, `/livez` and `/readyz` answer.',
  'A write that changes nothing but the time of a manager writes nothing, and makes no event for watches.',
];
