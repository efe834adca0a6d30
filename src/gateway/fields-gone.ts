/** More fields than that nobody reads; deeper no reply that can be judged is. */
const FIELD_LIMIT = 20;
const DEPTH_LIMIT = 64;

/** The fields of JSON that another one, made of it, does not have, as `items[].name`: each once, the first 20. */
export function fieldsGone(before: unknown, after: unknown): readonly string[] {
  const gone = new Set<string>();
  seek(before, after, { at: '', gone, depth: 0 });
  return [...gone].slice(0, FIELD_LIMIT);
}

interface Seeking {
  readonly at: string;
  readonly gone: Set<string>;
  readonly depth: number;
}

/** Elements are held against those at the same place: where some went, whatever differs stands for its list. */
function seek(before: unknown, after: unknown, { at, gone, depth }: Seeking): void {
  if (depth > DEPTH_LIMIT || gone.size >= FIELD_LIMIT) return;
  if (Array.isArray(before) && Array.isArray(after)) {
    if (after.length < before.length) gone.add(`${at}[${before.length - after.length} of ${before.length} elements]`);
    else before.forEach((each, index) => seek(each, after[index], { at: `${at}[]`, gone, depth: depth + 1 }));
    return;
  }
  if (!isRecord(before) || !isRecord(after)) return;
  for (const [name, value] of Object.entries(before)) {
    const path = at === '' ? name : `${at}.${name}`;
    if (!Object.hasOwn(after, name)) gone.add(path);
    else seek(value, after[name], { at: path, gone, depth: depth + 1 });
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
