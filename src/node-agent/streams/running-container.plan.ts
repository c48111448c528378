import { PlumblineError } from '#base';
import { ANNOTATION, type RuntimeContainer } from '../pod/pod.types.ts';

/** There is nothing to have a session with. The message is shown to the person who asked. */
export class SessionError extends PlumblineError {
  constructor(message: string) {
    super(message, { code: 'SessionUnavailable' });
  }
}

/** The running container of this name; throws `SessionError` that says what became of it. */
export function planRunningContainer(
  pod: string,
  name: string,
  containers: readonly RuntimeContainer[],
): RuntimeContainer {
  const [last] = containers
    .filter((container) => container.name === name)
    .sort((left, right) => right.attempt - left.attempt);
  if (last?.state === 'running') return last;
  const why =
    last?.state === 'exited' ? `it ended with exit code ${last.exitCode ?? 'unknown'}` : 'it has not started yet';
  throw new SessionError(`container "${name}" in pod "${pod}" is not running: ${why}`);
}

/** Any running container: all of a pod share its network, the longest those that made it. Throws `SessionError` when none runs. */
export function planAnyRunning(pod: string, containers: readonly RuntimeContainer[]): RuntimeContainer {
  const all = containers.filter(({ state }) => state === 'running');
  const running = all.find(({ annotations }) => annotations[ANNOTATION.ephemeral] === undefined) ?? all[0];
  if (running !== undefined) return running;
  throw new SessionError(`no container of pod "${pod}" is running`);
}
