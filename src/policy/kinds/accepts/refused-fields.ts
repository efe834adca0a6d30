import type { JsonValue } from '../../../body/index.ts';
import { type FieldNode, isWhole } from '../../field-access/index.ts';
import { isOperator, sentMember } from './sent-members.ts';

/** Clients are told of so many; the first is enough to refuse. */
const TOLD_LIMIT = 10;

/** Names and indexes that lead to a place in a body. */
export type Place = readonly (string | number)[];

/** Collects the places of fields that the caller may not set. */
export class RefusedFields {
  readonly places: Place[] = [];
  readonly #limit: number;
  readonly #at: (string | number)[] = [];

  /** `isTold`: whether the client is told of more than the first. */
  constructor(isTold: boolean) {
    this.#limit = isTold ? TOLD_LIMIT : 1;
  }

  /** Whether no more are looked for. */
  get isFull(): boolean {
    return this.places.length >= this.#limit;
  }

  /** Notes the place at which the walk stands, or one below it. */
  add(...below: Place): void {
    if (!this.isFull) this.places.push([...this.#at, ...below]);
  }

  /** Walks what lies at a place, and comes back. */
  within(token: string | number, walk: () => void): void {
    this.#at.push(token);
    walk();
    this.#at.pop();
  }

  /**
   * Holds a value against what may be set of it. What is no object sets all that there is below its name; an object, and
   * each element of a list, sets its members and no more.
   */
  judge(value: JsonValue, node: FieldNode): void {
    if (isWhole(node) || this.isFull) return;
    if (typeof value !== 'object' || value === null) this.add();
    else if (Array.isArray(value)) this.#elements(value, node);
    else this.#members(value as Readonly<Record<string, JsonValue>>, node);
  }

  #elements(list: readonly JsonValue[], node: FieldNode): void {
    for (let index = 0; index < list.length && !this.isFull; index++) {
      this.#at.push(index);
      this.judge(list[index] as JsonValue, node);
      this.#at.pop();
    }
  }

  #members(object: Readonly<Record<string, JsonValue>>, node: FieldNode): void {
    for (const name of Object.keys(object)) {
      if (this.isFull) return;
      const value = object[name] as JsonValue;
      this.#at.push(name);
      if (typeof value === 'object' && value !== null && isOperator(node, name)) this.judge(value, node);
      else this.judge(value, sentMember(node, name));
      this.#at.pop();
    }
  }
}
