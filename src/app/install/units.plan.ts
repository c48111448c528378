/** What is installed on a machine, as systemd runs it. */
export interface InstallInput {
  /** Program and arguments that start this build. */
  readonly program: readonly string[];
  readonly parts: readonly InstallPart[];
  /** Absolute; everything the installation writes lies below. */
  readonly stateDir: string;
  /** Whom the control plane runs as. */
  readonly user: string;
  /** Arguments of the control plane: `up REPOSITORY …`, or `server …`. */
  readonly serverArgs: readonly string[];
  /** More arguments of the agent: `--docker-host …`. */
  readonly agentArgs: readonly string[];
}

export type InstallPart = 'agent' | 'server';

export interface InstalledFile {
  readonly path: string;
  readonly text: string;
}

export interface InstallPlan {
  /** World-readable, and without a secret. */
  readonly files: readonly InstalledFile[];
  /** What makes systemd know and start them, in this order. */
  readonly commands: readonly (readonly string[])[];
}

export interface UninstallPlan {
  readonly commandsBefore: readonly (readonly string[])[];
  readonly files: readonly string[];
  readonly commandsAfter: readonly (readonly string[])[];
}

const UNIT_DIR = '/etc/systemd/system';
const SYSUSERS = '/etc/sysusers.d/plumbline.conf';
const TMPFILES = '/etc/tmpfiles.d/plumbline.conf';
const UNITS: Readonly<Record<InstallPart, string>> = {
  agent: 'plumbline-agent.service',
  server: 'plumbline-server.service',
};
/** The agent first: networks, Services and DNS come back without a control plane. */
const ORDER: readonly InstallPart[] = ['agent', 'server'];

/** Units of a machine: the agent after Docker, the control plane after the agent, each started again whenever it ends. */
export function planInstall(input: InstallInput): InstallPlan {
  const parts = ORDER.filter((part) => input.parts.includes(part));
  const units = parts.map((part) => ({
    path: `${UNIT_DIR}/${UNITS[part]}`,
    text: part === 'agent' ? agentUnit(input) : serverUnit(input),
  }));
  const names = parts.map((part) => UNITS[part]);
  const server = parts.includes('server');
  const needsUser = server && input.user !== 'root';
  return {
    files: [
      ...(needsUser ? [{ path: SYSUSERS, text: userLine(input) }] : []),
      ...(server ? [{ path: TMPFILES, text: folderLine(input) }] : []),
      ...units,
    ],
    commands: [
      ...(needsUser ? [['systemd-sysusers', SYSUSERS]] : []),
      ...(server ? [['systemd-tmpfiles', '--create', TMPFILES]] : []),
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', ...names],
      ['systemctl', 'restart', ...names],
    ],
  };
}

const userLine = ({ user, stateDir }: InstallInput) => `u ${user} - "Plumbline control plane" ${quoted(stateDir)}\n`;

/**
 * The state folder alone is the control plane's. `StateDirectory=` would give it everything below, with the files of pods
 * in the agent's volumes, whenever the folder had another owner. Source: systemd.exec(5), StateDirectory=; tmpfiles.d(5), `d`.
 */
const folderLine = ({ user, stateDir }: InstallInput) => `d ${quoted(stateDir)} 0700 ${user} - -\n`;

/** The reverse. State, containers and the user stay: `plumb reset` removes the first two. */
export function planUninstall(installed: (path: string) => boolean): UninstallPlan {
  const units = ORDER.toReversed().filter((part) => installed(`${UNIT_DIR}/${UNITS[part]}`));
  const files = [...units.map((part) => `${UNIT_DIR}/${UNITS[part]}`), ...[SYSUSERS, TMPFILES].filter(installed)];
  if (units.length === 0) return { commandsBefore: [], files, commandsAfter: [] };
  return {
    commandsBefore: [['systemctl', 'disable', '--now', ...units.map((part) => UNITS[part])]],
    files,
    commandsAfter: [['systemctl', 'daemon-reload']],
  };
}

/**
 * No option of systemd that gives it a mount namespace: what it mounts for pods must be seen by Docker. And none that
 * forbids the set-group-id bit, which `fsGroup` needs.
 */
function agentUnit({ program, stateDir, agentArgs }: InstallInput): string {
  const command = [...program, 'agent', '--agent-dir', `${stateDir}/agent`, ...agentArgs];
  return unit(
    {
      Description: 'Plumbline node agent',
      After: 'docker.service network-online.target',
      Wants: 'docker.service network-online.target',
      StartLimitIntervalSec: '0',
    },
    {
      ...always(command),
      User: 'root',
      UMask: '0022',
      LimitNOFILE: '1048576',
      OOMScoreAdjust: '-999',
      TimeoutStopSec: '30',
      NoNewPrivileges: 'yes',
      LockPersonality: 'yes',
      RestrictRealtime: 'yes',
      SystemCallArchitectures: 'native',
    },
  );
}

function serverUnit({ program, stateDir, user, serverArgs, parts }: InstallInput): string {
  const agent = parts.includes('agent') ? ` ${UNITS.agent}` : '';
  return unit(
    {
      Description: 'Plumbline control plane',
      After: `network-online.target${agent}`,
      Wants: `network-online.target${agent}`,
      StartLimitIntervalSec: '0',
    },
    {
      ...always([...program, ...serverArgs]),
      User: user,
      WorkingDirectory: stateDir.replaceAll('%', '%%'),
      Environment: quoted(`HOME=${stateDir}`),
      ReadWritePaths: quoted(stateDir),
      UMask: '0077',
      LimitNOFILE: '1048576',
      TimeoutStopSec: '30',
      NoNewPrivileges: 'yes',
      CapabilityBoundingSet: '',
      LockPersonality: 'yes',
      PrivateDevices: 'yes',
      PrivateTmp: 'yes',
      ProtectClock: 'yes',
      ProtectControlGroups: 'yes',
      ProtectHome: 'read-only',
      ProtectHostname: 'yes',
      ProtectKernelLogs: 'yes',
      ProtectKernelModules: 'yes',
      ProtectKernelTunables: 'yes',
      ProtectSystem: 'strict',
      RestrictAddressFamilies: 'AF_UNIX AF_INET AF_INET6 AF_NETLINK',
      RestrictNamespaces: 'yes',
      RestrictRealtime: 'yes',
      RestrictSUIDSGID: 'yes',
      SystemCallArchitectures: 'native',
      SystemCallFilter: '@system-service',
    },
  );
}

/** Started again two seconds after it ends, for ever. Its children end with it; containers are no children of it. */
function always(command: readonly string[]): Readonly<Record<string, string>> {
  return {
    Type: 'exec',
    ExecStart: command.map(word).join(' '),
    Restart: 'always',
    RestartSec: '2',
    KillMode: 'mixed',
  };
}

type Section = Readonly<Record<string, string>>;

function unit(head: Section, service: Section): string {
  const section = (name: string, lines: Section) =>
    [`[${name}]`, ...Object.entries(lines).map(([key, value]) => `${key}=${value}`), ''].join('\n');
  return [
    '# Written by plumb install, which writes it anew. Changes of your own: systemctl edit.',
    section('Unit', head),
    section('Service', service),
    section('Install', { WantedBy: 'multi-user.target' }),
  ].join('\n');
}

/** One word of a command line, as systemd reads it back. Source: systemd.service(5), Command lines. */
export const word = (text: string) => quoted(text.replaceAll('$', '$$$$'));

/** One word of any other line, where `$` stands for itself. Source: systemd.unit(5), Specifiers; tmpfiles.d(5), sysusers.d(5). */
function quoted(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%');
  return /^[A-Za-z0-9@%_+=:,./-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/** What may not stand in a unit: it would break the line, or tell everybody on the machine a secret. */
export function unitProblem(words: readonly string[]): string | undefined {
  for (const text of words) {
    if (/\p{Cc}/u.test(text)) return `${JSON.stringify(text)} has a control character`;
    if (/^[a-z][a-z0-9+.-]*:\/\/[^/@]*:[^/@]+@/i.test(text))
      return `${text.replace(/:\/\/[^@]*@/, '://…@')} holds a password, which everybody on this machine could read`;
  }
  return undefined;
}
