/** Deployment, ReplicaSet, Job, CronJob, EndpointSlice, Namespace, garbage collection, nodes, and the scheduling loop. */

export type { ApiServiceOptions } from './api-service/api-service.plan.ts';
export { apiServiceObjects } from './api-service/api-service.plan.ts';
export type { ControllerRunner, Controllers, ControllersDeps, ControllersOptions } from './create-controllers.ts';
export { createControllers } from './create-controllers.ts';
