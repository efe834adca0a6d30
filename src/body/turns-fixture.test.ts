// No tests here: counts the turns that others have. Kept apart from the product by its name.

/** How often others come to run while something is waited for. */
export async function countTurns(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let over = false;
  const again = (): void => {
    turns++;
    if (!over) setImmediate(again);
  };
  setImmediate(again);
  await work();
  over = true;
  return turns;
}
