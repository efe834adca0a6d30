/** Lists of fields: `default` for everybody, and more by role. As they are written: `a`, `c.d`, `*`, `-c.d`. */
export type NaiveLists = Readonly<Record<string, readonly string[]>>;

type Names = readonly string[];

/** What of a reply somebody gets, by the words of the guide alone; undefined where nothing can be given. */
export function filtered(lists: readonly Names[], value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return granted(lists, []) ? value : undefined;
  return within(lists, value, []);
}

/** Whether somebody may send a body with these fields, by the words of the guide alone. */
export function acceptable(lists: readonly Names[], value: unknown, at: Names = []): boolean {
  if (Array.isArray(value)) return value.every((each) => acceptable(lists, each, at));
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).every(([name, member]) => acceptable(lists, member, [...at, name]));
  return whole(lists, at);
}

/** An object or a list stays where anything of it may pass, also when it is empty then. */
function kept(lists: readonly Names[], value: unknown, at: Names): boolean {
  if (granted(lists, at)) return true;
  return typeof value === 'object' && value !== null && grantedBelow(lists, at);
}

function within(lists: readonly Names[], value: unknown, at: Names): unknown {
  if (Array.isArray(value)) return value.filter((each) => kept(lists, each, at)).map((each) => within(lists, each, at));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([name, member]) => kept(lists, member, [...at, name]));
  return Object.fromEntries(members.map(([name, member]) => [name, within(lists, member, [...at, name])]));
}

/** The list of everybody alone and those of roles, each of which takes away of itself alone. */
function granted(lists: readonly Names[], at: Names): boolean {
  return lists.some((list) => {
    const covers = (entry: string): boolean => namesOf(entry).every((name, index) => at[index] === name);
    return (
      list.some((entry) => isAdded(entry) && covers(entry)) && !list.some((entry) => !isAdded(entry) && covers(entry))
    );
  });
}

function grantedBelow(lists: readonly Names[], at: Names): boolean {
  return placesBelow(lists, at).some((below) => granted(lists, below));
}

/** Whether it may pass with all that there can be below it. */
function whole(lists: readonly Names[], at: Names): boolean {
  return granted(lists, at) && placesBelow(lists, at).every((below) => granted(lists, below));
}

/** The places that any list names below one. */
function placesBelow(lists: readonly Names[], at: Names): readonly Names[] {
  const named = lists.flat().map(namesOf);
  return named.filter((names) => names.length > at.length && at.every((name, index) => names[index] === name));
}

function isAdded(entry: string): boolean {
  return !entry.startsWith('-');
}

function namesOf(entry: string): Names {
  const path = entry.replace(/^-/, '');
  return path === '*' ? [] : path.split('.');
}

/** Lists without what would be an issue: what adds nothing to that of everybody, or takes away what the list does not add. */
export function sensible({ default: everybody = [], ...roles }: NaiveLists): NaiveLists {
  const common = cleaned(everybody, []);
  const own = Object.entries(roles).map(([role, list]) => [role, cleaned(list, common)] as const);
  return { default: common, ...Object.fromEntries(own.filter(([, list]) => list.length > 0)) };
}

function cleaned(list: Names, common: Names): Names {
  const isCommon = (entry: string): boolean => whole([common], namesOf(entry));
  const adds = list.filter((entry) => isAdded(entry) && !isCommon(entry));
  const takes = list.filter((entry) => {
    if (isAdded(entry) || isCommon(entry)) return false;
    const at = namesOf(entry);
    return granted([adds], at) || grantedBelow([adds], at);
  });
  const left = [...adds, ...takes];
  // What the same list takes away again it need not add.
  const sound = left.filter((entry) => !isAdded(entry) || granted([left], namesOf(entry)));
  return sound.length === list.length ? sound : cleaned(sound, common);
}
