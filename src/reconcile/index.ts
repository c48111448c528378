/** Watch, queue, reconcile: informer, lister, work queue, controller loop, lease, event recorder. */
export type { Controller, ReconcileResult } from './controller.ts';
