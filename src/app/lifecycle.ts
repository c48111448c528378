import { errorMessage, type Log } from '#base';

type Close = () => Promise<void> | void;

/** Closes in reverse order what was opened, all of it, also when one of them fails. */
export class Lifecycle {
  readonly #log: Log;
  readonly #opened: { readonly name: string; readonly close: Close }[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  add(name: string, close: Close): void {
    this.#opened.push({ name, close });
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const { name, close } of this.#opened.splice(0).reverse()) {
      try {
        await close();
        this.#log.debug({ part: name }, 'closed');
      } catch (error) {
        this.#log.error({ part: name, err: error }, 'could not close');
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(errorMessage).join('; '));
  }
}
