/** Which node takes which pod, and why none does. Pure: a table of nodes and pods in, a plan out. */
export type { Explanation } from './explain.ts';
export { explain } from './explain.ts';
export { tolerates } from './filters/taints.ts';
export { NodeTable } from './node-table.ts';
export type { PodRequests } from './requests.ts';
export { podRequests } from './requests.ts';
export type { Placement, Refusal, SchedulePlan, ScheduleSnapshot } from './schedule.plan.ts';
export { byUrgency, planSchedule } from './schedule.plan.ts';
