/**
 * Room beside an object for what two notebooks note of it. It belongs to the first object of which anything is noted:
 * a copy of that object, which would have the same room, finds nothing in it. Nobody else sees what is noted.
 */
export class Notes {
  #subject: object | null = null;
  #first: object | null = null;
  #firstNote: unknown = undefined;
  #second: object | null = null;
  #secondNote: unknown = undefined;

  /** What this notebook has noted of this very object here; undefined where it has nothing here. */
  of(subject: object, notebook: object): unknown {
    if (this.#subject !== subject) return undefined;
    if (this.#first === notebook) return this.#firstNote;
    return this.#second === notebook ? this.#secondNote : undefined;
  }

  /** Notes it in the place of what the notebook noted before; false where there is no room for it. */
  take(subject: object, notebook: object, note: unknown): boolean {
    this.#subject ??= subject;
    if (this.#subject !== subject) return false;
    if (this.#first === null || this.#first === notebook) {
      this.#first = notebook;
      this.#firstNote = note;
      return true;
    }
    if (this.#second !== null && this.#second !== notebook) return false;
    this.#second = notebook;
    this.#secondNote = note;
    return true;
  }
}

/** Something with such room. */
export interface Noted {
  readonly notes: Notes;
}

/**
 * What somebody notes of objects, one note for each, forgotten with the object: a WeakMap whose notes mostly lie beside
 * the objects, for what every request asks for. A WeakMap itself looks through memory that no cache holds by then. The
 * first two notebooks have their notes there, any other has them in a WeakMap.
 */
export class Notebook<W extends Noted, T extends object> {
  readonly #others = new WeakMap<W, T>();

  /** What was noted of this very object; undefined where nothing was. */
  get(subject: W): T | undefined {
    return (subject.notes.of(subject, this) as T | undefined) ?? this.#others.get(subject);
  }

  /** Notes it in the place of what was noted before. */
  set(subject: W, note: T): void {
    if (!subject.notes.take(subject, this, note)) this.#others.set(subject, note);
  }
}
