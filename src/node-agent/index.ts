/** The agent of one node: runs the pods bound to it, keeps Services and DNS, tells how the node is. A process of its own. */
export type { ControlConnection, ControlMessage, HttpsControlOptions } from './control.ts';
export { createHttpsControl } from './control.ts';
export type { NodeAgent, NodeAgentDeps, NodeAgentOptions } from './node-agent.ts';
export { createNodeAgent, nodeAgentDefaults } from './node-agent.ts';
export type { NodeSettings, SettingsPlan } from './settings/settings.plan.ts';
export { NO_THRESHOLDS, planSettings, settingDefaults } from './settings/settings.plan.ts';
export { VOLUMES_FOLDER } from './volumes/node-folders.ts';
export { removeAgentFolder } from './volumes/pod-folders.ts';
