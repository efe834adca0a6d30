/** The keys and list positions that lead from the top of a document to one value. */
export type KeyPath = readonly (string | number)[];

/** A key path as people write it: `apis.orders.routes[0]`, with `["GET /orders"]` for a key that is no plain word. */
export function formatKeyPath(path: KeyPath): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (/^[A-Za-z0-9_-]+$/.test(key)) text += text === '' ? key : `.${key}`;
    else text += `[${JSON.stringify(key)}]`;
  }
  return text;
}
