/** Why a member of an object may not stay: no schema describes it, or it is `writeOnly` (in requests `readOnly`). */
export type CutReason = 'undescribed' | 'hidden';

/** The members that may not stay, by the object they are in. An object that was judged, and keeps all, has an empty entry. */
export type CutMembers = ReadonlyMap<object, ReadonlyMap<string, CutReason>>;

/** Of every object that keeps all; nothing is written into it. */
const NO_NAMES = new Map<string, CutReason>();

/** Notes what of a value would have to go for it to hold. Alternatives note apart, until one of them is chosen. */
export class Cuts {
  /** Whether it is that of an alternative, so that the same may be asked again by another one. */
  readonly isTrial: boolean;
  #members = new Map<object, Map<string, CutReason>>();
  #count = 0;

  constructor(isTrial = false) {
    this.isTrial = isTrial;
  }

  get members(): CutMembers {
    return this.#members;
  }

  /** How many members go. */
  get count(): number {
    return this.#count;
  }

  /** How much is noted: the objects that were judged, and the members that go. */
  get size(): number {
    return this.#members.size + this.#count;
  }

  /** Says that a schema judges this object as a whole of its own. */
  visit(object: object): void {
    if (!this.#members.has(object)) this.#members.set(object, NO_NAMES);
  }

  cut(object: object, name: string, reason: CutReason): void {
    let names = this.#members.get(object) ?? NO_NAMES;
    if (names === NO_NAMES) this.#members.set(object, (names = new Map<string, CutReason>()));
    if (!names.has(name)) this.#count += 1;
    // Whatever one schema hides is not shown because another one does not know it.
    if (names.get(name) !== 'hidden') names.set(name, reason);
  }

  /**
   * Adds what another schema that applies too would have go; the other may not be used any more. The smaller goes into the
   * larger: were the larger copied, each level of a tree would copy all below it.
   */
  add(other: Cuts): void {
    if (other.size <= this.size) {
      this.#copy(other.#members);
      return;
    }
    const from = this.#members;
    this.#members = other.#members;
    this.#count = other.#count;
    this.#copy(from);
  }

  /** Adds the same, and leaves the other as it is. */
  include(other: Cuts): void {
    this.#copy(other.#members);
  }

  #copy(members: CutMembers): void {
    for (const [object, names] of members) {
      this.visit(object);
      for (const [name, reason] of names) this.cut(object, name, reason);
    }
  }

  /** Whether another alternative would have nothing go that this one keeps. */
  agreesWith(other: Cuts): boolean {
    if (other.#count === 0) return true;
    for (const [object, names] of other.#members) {
      const own = this.#members.get(object);
      if (own === undefined) continue;
      for (const name of names.keys()) if (!own.has(name)) return false;
    }
    return true;
  }
}
