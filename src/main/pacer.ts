/** Lets callers go on one after another, in the order in which they came: one in a turn of the loop, the first too. */
export function createPacer(): () => Promise<void> {
  // As long as there are callers at once.
  const waiting: (() => void)[] = [];
  let runs = false;
  const step = (): void => {
    const next = waiting.shift();
    runs = next !== undefined;
    if (next === undefined) return;
    // What is begun in a callback of the loop comes in its next turn.
    setImmediate(step);
    next();
  };
  return () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push(resolve);
    if (!runs) {
      runs = true;
      setImmediate(step);
    }
    return promise;
  };
}
