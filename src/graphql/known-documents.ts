/** Trees take some fifty times the memory of their text. */
const LIMIT_CHARACTERS = 256 * 1024;
const LIMIT_DOCUMENTS = 500;

/** What came of documents, by their text: clients send few of them again and again. Those that were asked for last stay. */
export class KnownDocuments<T> {
  readonly #documents = new Map<string, T>();
  #characters = 0;

  get(text: string): T | undefined {
    const found = this.#documents.get(text);
    if (found === undefined) return undefined;
    this.#documents.delete(text);
    this.#documents.set(text, found);
    return found;
  }

  set(text: string, value: T): void {
    if (text.length > LIMIT_CHARACTERS / 4 || this.#documents.has(text)) return;
    this.#documents.set(text, value);
    this.#characters += text.length;
    for (const oldest of this.#documents.keys()) {
      if (this.#characters <= LIMIT_CHARACTERS && this.#documents.size <= LIMIT_DOCUMENTS) return;
      this.#documents.delete(oldest);
      this.#characters -= oldest.length;
    }
  }
}
