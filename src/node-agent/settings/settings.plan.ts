import { isRecord, parseDuration, parseQuantity, quantityToBytes, quantityToMillis } from '#api';
import { type Amount, SIGNALS, type Signal, type Threshold } from '../pressure/threshold.plan.ts';

/** What may be set about a node, in the words and units of the kubelet's own configuration. */
export interface NodeSettings {
  readonly maxPods: number;
  /** Hard and soft ones. */
  readonly thresholds: readonly Threshold[];
  /** How long the node says that it is under pressure after it was last, in ms. */
  readonly pressureTransitionMs: number;
  /** Longest time of a pod that goes for a soft threshold, in seconds. */
  readonly maxPodGraceSeconds: number;
  /** Kept from pods for what else runs on the machine. */
  readonly reserved: Reserved;
  readonly imageGc: ImageGcSettings;
  /** Pulls at the same time. */
  readonly maxParallelPulls: number;
  /** Processes and threads of each container at the same time; absent: only the machine's own limit counts. */
  readonly podPidsLimit?: number;
}

export interface Reserved {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly storageBytes: number;
}

export interface ImageGcSettings {
  /** Parts of the disk, in percent: above `high` images go until it is `low`. 100: none ever goes for that. */
  readonly highPercent: number;
  readonly lowPercent: number;
  /** An image stays at least so long after it came or was used last, in ms. */
  readonly minAgeMs: number;
}

/**
 * The kubelet's, but for the room on disks: 10 % and 15 % free is nothing unusual on a developer's machine, and much on a
 * large disk. Source: kubelet apis/config/v1beta1/defaults_linux.go, DefaultEvictionHard (v1.32); k3s
 * pkg/daemons/agent/agent_linux.go for the 5 %.
 */
const DEFAULT_HARD: Readonly<Record<string, string>> = {
  'memory.available': '100Mi',
  'nodefs.available': '5%',
  'nodefs.inodesFree': '5%',
  'imagefs.available': '5%',
  'imagefs.inodesFree': '5%',
};

/** Source: kubelet apis/config/v1beta1/defaults.go (v1.32), but for pulls: the kubelet pulls one by one. */
export const settingDefaults: NodeSettings = {
  maxPods: 110,
  thresholds: thresholdsOf(DEFAULT_HARD, undefined, {}, () => undefined),
  pressureTransitionMs: 5 * 60_000,
  maxPodGraceSeconds: 0,
  reserved: { cpuMillis: 0, memoryBytes: 0, storageBytes: 0 },
  imageGc: { highPercent: 85, lowPercent: 80, minAgeMs: 2 * 60_000 },
  maxParallelPulls: 3,
};

/** Refuses nothing of a pod and frees nothing: for machines whose disk is not the pods' business. */
export const NO_THRESHOLDS: Pick<NodeSettings, 'thresholds'> = { thresholds: [] };

export interface SettingsPlan {
  readonly settings: NodeSettings;
  /** What is wrong, each with the field; the settings are to be used only when there is none. */
  readonly problems: readonly string[];
}

const FIELDS: ReadonlySet<string> = new Set([
  'apiVersion',
  'kind',
  'maxPods',
  'evictionHard',
  'evictionSoft',
  'evictionSoftGracePeriod',
  'evictionMinimumReclaim',
  'evictionPressureTransitionPeriod',
  'evictionMaxPodGracePeriod',
  'mergeDefaultEvictionSettings',
  'systemReserved',
  'kubeReserved',
  'imageGCHighThresholdPercent',
  'imageGCLowThresholdPercent',
  'imageMinimumGCAge',
  'serializeImagePulls',
  'maxParallelImagePulls',
  'podPidsLimit',
]);

type Tell = (field: string, problem: string) => void;

/**
 * Reads a `KubeletConfiguration` (kubelet.config.k8s.io/v1beta1). Fields that have no effect here are a problem: who sets
 * one must not believe that it has.
 */
export function planSettings(input: unknown): SettingsPlan {
  const problems: string[] = [];
  const tell: Tell = (field, problem) => problems.push(`${field}: ${problem}`);
  if (!isRecord(input)) {
    tell('(file)', 'is no object');
    return { settings: settingDefaults, problems };
  }
  if ((input['kind'] ?? 'KubeletConfiguration') !== 'KubeletConfiguration') tell('kind', 'is not KubeletConfiguration');
  if ((input['apiVersion'] ?? 'kubelet.config.k8s.io/v1beta1') !== 'kubelet.config.k8s.io/v1beta1')
    tell('apiVersion', 'is not kubelet.config.k8s.io/v1beta1');
  for (const field of Object.keys(input)) if (!FIELDS.has(field)) tell(field, 'has no effect here: take it out');

  const reader = new Reader(input, tell);
  const { imageGc } = settingDefaults;
  const settings: NodeSettings = {
    maxPods: reader.whole('maxPods', settingDefaults.maxPods, 1, 10_000),
    thresholds: readThresholds(reader, tell),
    pressureTransitionMs: reader.duration('evictionPressureTransitionPeriod', settingDefaults.pressureTransitionMs),
    maxPodGraceSeconds: reader.whole('evictionMaxPodGracePeriod', settingDefaults.maxPodGraceSeconds, 0, 86_400),
    reserved: addReserved(readReserved(reader, 'systemReserved', tell), readReserved(reader, 'kubeReserved', tell)),
    imageGc: {
      highPercent: reader.whole('imageGCHighThresholdPercent', imageGc.highPercent, 0, 100),
      lowPercent: reader.whole('imageGCLowThresholdPercent', imageGc.lowPercent, 0, 100),
      minAgeMs: reader.duration('imageMinimumGCAge', imageGc.minAgeMs),
    },
    maxParallelPulls: readPulls(reader, tell),
    ...readPidsLimit(reader, tell),
  };
  if (settings.imageGc.lowPercent >= settings.imageGc.highPercent)
    tell('imageGCLowThresholdPercent', 'must be less than imageGCHighThresholdPercent');
  return { settings, problems };
}

/** -1, the default, is none. Source: kubelet apis/config/v1beta1/defaults.go, PodPidsLimit (v1.32). */
function readPidsLimit(reader: Reader, tell: Tell): Pick<NodeSettings, 'podPidsLimit'> {
  const limit = reader.whole('podPidsLimit', -1, -1, MAX_PIDS);
  if (limit === 0) tell('podPidsLimit', 'must be -1, which is no limit, or more than 0');
  return limit > 0 ? { podPidsLimit: limit } : {};
}

/** What the kernel counts to. Source: linux include/linux/threads.h, PID_MAX_LIMIT. */
const MAX_PIDS = 4_194_304;

function readPulls(reader: Reader, tell: Tell): number {
  const serial = reader.flag('serializeImagePulls', false);
  const wanted = reader.whole('maxParallelImagePulls', serial ? 1 : settingDefaults.maxParallelPulls, 1, 100);
  if (serial && wanted !== 1) tell('maxParallelImagePulls', 'must be 1 when serializeImagePulls is true');
  return wanted;
}

function readThresholds(reader: Reader, tell: Tell): readonly Threshold[] {
  const given = reader.texts('evictionHard');
  const merges = reader.flag('mergeDefaultEvictionSettings', false);
  const hard = given === undefined || merges ? { ...DEFAULT_HARD, ...given } : given;
  const soft = reader.texts('evictionSoft') ?? {};
  const graces = reader.texts('evictionSoftGracePeriod') ?? {};
  const reclaims = reader.texts('evictionMinimumReclaim') ?? {};
  for (const signal of Object.keys(soft))
    if (graces[signal] === undefined)
      tell(`evictionSoft[${signal}]`, 'needs a grace period in evictionSoftGracePeriod');
  for (const signal of Object.keys(graces))
    if (soft[signal] === undefined) tell(`evictionSoftGracePeriod[${signal}]`, 'has no threshold in evictionSoft');
  return [
    ...thresholdsOf(hard, undefined, reclaims, (signal, why) => tell(`evictionHard[${signal}]`, why)),
    ...thresholdsOf(soft, graces, reclaims, (signal, why) => tell(`evictionSoft[${signal}]`, why)),
  ];
}

function thresholdsOf(
  limits: Readonly<Record<string, string>>,
  graces: Readonly<Record<string, string>> | undefined,
  reclaims: Readonly<Record<string, string>>,
  tell: Tell,
): readonly Threshold[] {
  return Object.entries(limits).flatMap(([signal, text]): Threshold[] => {
    if (!isSignal(signal)) {
      tell(signal, `is no signal: ${SIGNALS.join(', ')}`);
      return [];
    }
    const limit = amountIn(text);
    const reclaim = reclaims[signal];
    const minReclaim = reclaim === undefined ? undefined : amountIn(reclaim);
    const graceMs = graces === undefined ? 0 : parseDuration(graces[signal] ?? '0');
    if (limit === undefined) tell(signal, `"${text}" is neither an amount nor a percentage`);
    if (reclaim !== undefined && minReclaim === undefined)
      tell(signal, `the minimum to reclaim, "${reclaim}", is neither`);
    if (graceMs === undefined || graceMs < 0) tell(signal, `its grace period, "${graces?.[signal]}", is no duration`);
    if (limit === undefined || isOff(limit) || graceMs === undefined) return [];
    return [{ signal, limit, graceMs, minReclaim }];
  });
}

function isSignal(text: string): text is Signal {
  return SIGNALS.some((signal) => signal === text);
}

/** `0%` and `100%` turn a threshold off. Source: kubelet eviction/helpers.go, parseThresholdStatement (v1.32). */
function isOff(limit: Amount): boolean {
  return 'share' in limit && (limit.share === 0 || limit.share === 1);
}

function amountIn(text: string): Amount | undefined {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  if (percent !== undefined) {
    const share = Number(percent) / 100;
    return share <= 1 ? { share } : undefined;
  }
  const quantity = parseQuantity(text);
  return quantity === undefined || quantity.nanos < 0n ? undefined : { quantity: text };
}

function readReserved(reader: Reader, field: string, tell: Tell): Reserved {
  const given = reader.texts(field) ?? {};
  const amount = (name: string, count: (text: string) => number) => {
    const text = given[name] ?? '0';
    const quantity = parseQuantity(text);
    if (quantity !== undefined && quantity.nanos >= 0n) return count(text);
    tell(`${field}[${name}]`, `"${text}" is no amount`);
    return 0;
  };
  for (const name of Object.keys(given))
    if (!['cpu', 'memory', 'ephemeral-storage'].includes(name)) tell(`${field}[${name}]`, 'has no effect here');
  return {
    cpuMillis: amount('cpu', quantityToMillis),
    memoryBytes: amount('memory', quantityToBytes),
    storageBytes: amount('ephemeral-storage', quantityToBytes),
  };
}

function addReserved(left: Reserved, right: Reserved): Reserved {
  return {
    cpuMillis: left.cpuMillis + right.cpuMillis,
    memoryBytes: left.memoryBytes + right.memoryBytes,
    storageBytes: left.storageBytes + right.storageBytes,
  };
}

/** Reads fields of one object; what is wrong is told, and the fallback taken. */
class Reader {
  readonly #input: Readonly<Record<string, unknown>>;
  readonly #tell: Tell;

  constructor(input: Readonly<Record<string, unknown>>, tell: Tell) {
    this.#input = input;
    this.#tell = tell;
  }

  whole(field: string, fallback: number, min: number, max: number): number {
    const value = this.#input[field] ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    this.#tell(field, `must be a whole number from ${min} to ${max}`);
    return fallback;
  }

  flag(field: string, fallback: boolean): boolean {
    const value = this.#input[field] ?? fallback;
    if (typeof value === 'boolean') return value;
    this.#tell(field, 'must be true or false');
    return fallback;
  }

  duration(field: string, fallbackMs: number): number {
    const value = this.#input[field];
    if (value === undefined) return fallbackMs;
    const ms = typeof value === 'string' ? parseDuration(value) : undefined;
    if (ms !== undefined && ms >= 0) return ms;
    this.#tell(field, 'must be a duration like 5m or 90s');
    return fallbackMs;
  }

  /** A map of texts; YAML may have read an amount as a number. */
  texts(field: string): Readonly<Record<string, string>> | undefined {
    const value = this.#input[field];
    if (value === undefined) return undefined;
    const isText = (one: unknown) => typeof one === 'string' || typeof one === 'number';
    if (isRecord(value) && Object.values(value).every(isText))
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, String(one)]));
    this.#tell(field, 'must be a map of texts');
    return undefined;
  }
}
