/** The last deliveries and what was answered to them; the oldest is forgotten first. */
export class SeenDeliveries {
  readonly #limit: number;
  readonly #answers = new Map<string, string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The id given to this delivery before; undefined for a new one. */
  get(source: string, delivery: string): string | undefined {
    return this.#answers.get(`${source}\n${delivery}`);
  }

  add(source: string, delivery: string, id: string): void {
    this.#answers.set(`${source}\n${delivery}`, id);
    const oldest = this.#answers.keys().next();
    if (this.#answers.size > this.#limit && !oldest.done) this.#answers.delete(oldest.value);
  }
}
