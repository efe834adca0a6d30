const ROUNDS = 5;
const ROUND_MS = 300;

/** Does some of what is measured, from the one of this number on, and says how many it did. */
export type Course = (from: number) => number | Promise<number>;

/** What one costs, CPU µs of this thread: the least of some rounds, for what others do to the machine only adds. */
export async function leastCost(course: Course): Promise<number> {
  let least = Infinity;
  let count = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const until = performance.now() + ROUND_MS;
    const before = process.threadCpuUsage();
    const first = count;
    while (performance.now() < until) {
      const did = course(count);
      // Waiting for what is there already would be measured too.
      count += typeof did === 'number' ? did : await did;
    }
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, (user + system) / (count - first));
  }
  return least;
}

/** So many at a time, where one is too little to look at the clock for. */
export function times(count: number, once: () => unknown): Course {
  return () => {
    for (let done = 0; done < count; done++) once();
    return count;
  };
}
