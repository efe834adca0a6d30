/** Whether two JSON values are equal (JSON Schema 2020-12 §4.2.2): numbers by value, objects whatever the order of members. */
export function equals(left: unknown, right: unknown): boolean {
  if (typeof left !== 'object' || left === null) return left === right;
  if (typeof right !== 'object' || right === null) return false;
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    return left.every((element, index) => equals(element, right[index]));
  }
  if (Array.isArray(right)) return false;
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  return names.every((name) => Object.hasOwn(right, name) && equals(memberOf(left, name), memberOf(right, name)));
}

/** Whether all elements differ; the time is that of writing them out once, not of comparing each with each. */
export function areUnique(elements: readonly unknown[]): boolean {
  if (elements.length <= FEW && elements.every(isScalar)) {
    return elements.every((element, index) => elements.indexOf(element) === index);
  }
  const scalars = new Set<unknown>();
  const others = new Set<string>();
  for (const element of elements) {
    const compound = typeof element === 'object' && element !== null;
    const key = compound ? canonicalText(element) : element;
    const known: Set<unknown> = compound ? others : scalars;
    if (known.has(key)) return false;
    known.add(key);
  }
  return true;
}

/** Up to here comparing each with each is faster than a table. */
const FEW = 16;

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

/** A text that is the same for equal values and for no others. */
function canonicalText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value === 0 ? 0 : value);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  const members = Object.keys(value)
    .toSorted()
    .map((name) => `${JSON.stringify(name)}:${canonicalText(memberOf(value, name))}`);
  return `{${members.join(',')}}`;
}

function memberOf(object: object, name: string): unknown {
  return (object as Readonly<Record<string, unknown>>)[name];
}
