import path from 'node:path';
import { isApiError, parseYamlBody } from '#api';
import { type NodeSettings, planSettings, settingDefaults } from '#node-agent';
import { readIfThere } from '#server';
import { StartError } from './errors.ts';

/** Where an agent looks for its settings when it is not told another place. */
export const nodeSettingsFile = (agentDir: string) => path.join(agentDir, 'config.yaml');

/**
 * The settings of a node: a `KubeletConfiguration` in YAML or JSON. A file that is named must be there; without one at the
 * usual place everything is as it is by default. Throws `NodeSettingsInvalid` with every problem.
 */
export async function readNodeSettings(agentDir: string, named?: string): Promise<NodeSettings> {
  const file = named ?? nodeSettingsFile(agentDir);
  const text = await readIfThere(file);
  if (text === undefined && named === undefined) return settingDefaults;
  if (text === undefined) throw invalid(file, 'it is not there');
  const { settings, problems } = planSettings(parse(file, text));
  if (problems.length > 0) throw invalid(file, problems.join('; '));
  return settings;
}

function parse(file: string, text: string): unknown {
  try {
    return parseYamlBody(text).value;
  } catch (error) {
    if (isApiError(error)) throw invalid(file, error.message);
    throw error;
  }
}

const invalid = (file: string, why: string) =>
  new StartError('NodeSettingsInvalid', `${file}: ${why}`, 'docs/nodes.md lists what may stand there.');
