/**
 * The name under which servers file a field that is sent as a part of another one: `role` of `role[]`, `role[0]`, `role.name`
 * and `[role]`, and of one with white space before it. Others are their own.
 */
export function outerName(name: string): string {
  const named = name.trimStart();
  const inner = named.startsWith('[') ? named.slice(1) : named;
  const end = inner.search(named === inner ? /[.[]/ : /[.[\]]/);
  return end < 0 ? inner : inner.slice(0, end);
}

/** Whether a field of another name may be filed under this one: then nobody can tell what a server reads there. */
export function isFiledAs(name: string, names: Iterable<string>): boolean {
  for (const other of names) if (other !== name && outerName(other) === name) return true;
  return false;
}
