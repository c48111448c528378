/** ApplicationSets → Applications. Pure: what generators ask about comes in, objects come out. */
export type { Generated } from './generate.ts';
export { generateApplications } from './generate.ts';
export type { GeneratorCluster, GeneratorNeed, GeneratorWorld } from './generators.ts';
