/** The composition root: configuration in, a running control plane or agent out, closed in reverse. The only place that builds things. */
export { type AgentRunOptions, runAgent } from './agent.ts';
export { type ControlPlaneConfig, defaultListen, type ListenConfig, parsePort, type RootRepository } from './config.ts';
export { type ControlPlane, startControlPlane } from './control-plane.ts';
export { createDemoRepository } from './demo/demo-repository.ts';
export { requireFreeNodePort, sampleNodePort } from './demo/node-port.ts';
export { prepareSampleImage } from './demo/sample-image.ts';
export { diffAgainstLive, diffRuns } from './differences.ts';
export { StartError } from './errors.ts';
export { type Folder, readFolder } from './folder.ts';
export { install, uninstall } from './install/install.ts';
export { keepAgentRunning, letAgentJoin } from './keep-agent.ts';
export { packageRoot, type StatePaths, statePaths } from './paths.ts';
export { asRoot, typedAsRoot } from './privileges.ts';
export { readProcessFile } from './process-file.ts';
export { needsRootToRemove, removeInstallation } from './remove.ts';
export { type VolumeData, volumesInWords } from './volume-data.ts';
