import { type FieldNode, isWhole, memberNode, NO_FIELDS } from '../../field-access/index.ts';
import { readingsOf } from '../sanitize/field-names.ts';

/** What servers written in JavaScript may take for more than a name. */
const INHERITED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
/** Names with these may stand for several, as those of forms do. */
const MARKS = /[[\].]/;
/** An index of a list, and what stands for the next of it. */
const INDEX = /^(?:[0-9]+|-|)$/;

/** Longer names are no API's own, nor are those with more marks above one letter (UAX #15 §13): to bring them into one form takes minutes. */
const SPELLED_LIMIT = 128;
const MARKED = /\p{M}{31}/u;
const PLAIN = /^[\x20-\x7e]*$/;

const foldedNames = new WeakMap<FieldNode, ReadonlySet<string>>();

/**
 * The node of a member by the name that was sent. A list that names what may be set is held to letter by letter. Where all
 * but some may be set, whatever a server could take for one of those is refused with it: in other case, in another Unicode
 * form, with other marks between its words, or as a path.
 */
export function sentMember(node: FieldNode, name: string): FieldNode {
  const exact = memberNode(node, name);
  if (!node.rest || isWhole(node) || node.members.has(name)) return exact;
  if (
    name.length > SPELLED_LIMIT ||
    MARKED.test(name) ||
    INHERITED.has(name) ||
    spellingsOf(name).some((each) => foldedOf(node).has(folded(each)))
  )
    return NO_FIELDS;
  if (!MARKS.test(name)) return exact;
  const readings = readingsOf(name)?.filter((names) => names.length !== 1 || names[0] !== name) ?? [];
  return readings.length > 0 && readings.every((names) => isWhole(nodeOfSent(node, names))) ? exact : NO_FIELDS;
}

/** The node to which names lead, of which some may be places in lists. */
export function nodeOfSent(node: FieldNode, names: readonly string[]): FieldNode {
  let at = node;
  for (const [index, name] of names.entries()) {
    if (isWhole(at)) return at;
    if (isOperator(at, name) && index < names.length - 1) continue;
    if (INDEX.test(name) && !at.members.has(name)) continue;
    at = sentMember(at, name);
  }
  return at;
}

/**
 * The nodes of a field of a form, one for each way in which common servers read its name: all of them must let it pass.
 * Where the name itself is on the list as it was sent, that is what is meant. Null where its brackets do not match.
 */
export function nodesOfField(node: FieldNode, name: string): readonly FieldNode[] | null {
  const listed = node.members.get(name);
  if (listed !== undefined && isWhole(listed)) return [listed];
  const readings = readingsOf(name);
  if (readings === null) return null;
  const taken = readings.length === 1 ? readings : readings.slice(1);
  return taken.map((names) => nodeOfSent(node, names));
}

function foldedOf(node: FieldNode): ReadonlySet<string> {
  const known = foldedNames.get(node);
  if (known !== undefined) return known;
  const made = new Set(Array.from(node.members.keys(), folded));
  foldedNames.set(node, made);
  return made;
}

/** Where readers in C end a name, and where Rails has the place of a part in round brackets, whatever follows those. */
const NAME_END = /[\0(\uff08]/;
/** What Rails has behind the name of an object whose own fields are set along with it. */
const NESTED = /_?attributes$/i;

/** All that a server could take for the name. */
function spellingsOf(name: string): readonly string[] {
  const end = name.search(NAME_END);
  const whole = end < 0 ? [name] : [name, name.slice(0, end)];
  const [last = name] = whole.slice(-1);
  return NESTED.test(last) ? [...whole, last.replace(NESTED, '')] : whole;
}

/**
 * Whether a store may take a name for what to do with the members below it (`$set` of MongoDB) rather than for one: those
 * are then members of the object in which it stands.
 */
export function isOperator(node: FieldNode, name: string): boolean {
  return name.startsWith('$') && node.rest && !isWhole(node) && !node.members.has(name);
}

/** A name as the most generous reader takes it. */
function folded(name: string): string {
  if (PLAIN.test(name)) return name.toLowerCase().replace(NO_PLAIN_WORD, '');
  return name.normalize('NFKC').toUpperCase().toLowerCase().replace(NO_WORD, '');
}

const NO_PLAIN_WORD = /[^a-z0-9]/g;
const NO_WORD = /[^\p{L}\p{N}]/gu;
