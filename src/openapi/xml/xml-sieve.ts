import { pointerOf } from '../pointer.ts';
import type { ReadingMode } from '../request/scalar.ts';
import type { CutMembers, CutReason, Sieve, Validator, Violation } from '../validate/validator.ts';
import type { SentAttribute, SentElement } from './sent-element.ts';
import { type MadeObject, XmlNotes } from './xml-notes.ts';
import type { XmlRoot } from './xml-shape.ts';
import { judgeXml, Misread, propertyOf, readXml } from './xml-value.ts';

type Node = SentElement | SentAttribute;

/** The elements and attributes of a body that have to go for it to hold. */
export interface XmlCuts {
  readonly nodes: ReadonlyMap<Node, CutReason>;
  /** The object that has the first of them, as a JSON Pointer into the value that the body is judged as. */
  readonly pointer: string;
  /** Whether that may not leave although it is described. */
  readonly isHidden: boolean;
}

/** What of a body of XML has to go for it to hold, or what is wrong with it even without; null where it holds. */
export type SievedXml = { readonly cuts: XmlCuts } | { readonly violations: readonly Violation[] } | null;

/** What a body is held against. */
export interface XmlSieve {
  readonly validate: Validator;
  readonly sieve: Sieve;
}

/** Judges a body as `judgeXml` does, and where it does not hold, as if what is not described were not there. */
export function sieveXml(root: XmlRoot, sent: SentElement, held: XmlSieve): SievedXml {
  const judged = judgeXml(root, sent, held.validate);
  if ('value' in judged) return null;
  const pointer = judged.violations[0]?.pointer ?? '';
  const typed = sieveIn('typed', { root, sent, pointer }, held);
  if ('cuts' in typed || !root.ambiguous) return typed;
  const text = sieveIn('text', { root, sent, pointer }, held);
  return 'cuts' in text ? text : typed;
}

/** A body that does not hold, and where that was found first. */
interface Differing {
  readonly root: XmlRoot;
  readonly sent: SentElement;
  readonly pointer: string;
}

function sieveIn(mode: ReadingMode, { root, sent, pointer }: Differing, { sieve }: XmlSieve): NonNullable<SievedXml> {
  const notes = new XmlNotes();
  const value = readXml(root, sent, mode, notes);
  if (value instanceof Misread) return { violations: [{ pointer: value.pointer, message: value.message }] };
  const found = sieve(value);
  if (found !== null && 'violations' in found) return found;
  const nodes = new Map<Node, CutReason>();
  for (const node of notes.undescribed) nodes.set(node, 'undescribed');
  let first = notes.undescribed.size > 0 ? { pointer, isHidden: false } : null;
  for (const [object, names] of found?.cuts ?? NOTHING) {
    if (names.size === 0) continue;
    first ??= { pointer: pointerOf(value, object) ?? '', isHidden: [...names.values()].includes('hidden') };
    if (!addNodes(nodes, names, notes.made.get(object))) return NO_NODE;
  }
  // A body that differs, and holds by being read without anything less, can't be: its first finding stands.
  return first === null ? UNTOLD : { cuts: { nodes, ...first } };
}

/** Adds what members are in XML; false where one is neither an element nor an attribute, which can't go. */
function addNodes(nodes: Map<Node, CutReason>, names: ReadonlyMap<string, CutReason>, made?: MadeObject): boolean {
  if (made === undefined) return false;
  const missing = new Set(names.keys());
  for (const node of [...made.sent.attributes, ...made.sent.elements]) {
    if (nodes.has(node)) continue;
    const name = propertyOf(node, made);
    const reason = names.get(name);
    if (reason === undefined) continue;
    nodes.set(node, reason);
    missing.delete(name);
  }
  return missing.size === 0;
}

const NOTHING: CutMembers = new Map();
const UNTOLD = { violations: [{ pointer: '', message: 'is not as described' }] };
const NO_NODE = { violations: [{ pointer: '', message: 'has text that may not be there' }] };
