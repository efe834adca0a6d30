/** Gives the series of a key, which is made with its first use. Keys come from a closed set: each series is kept. */
export function seriesBy<K, S>(make: (key: K) => S): (key: K) => S {
  const made = new Map<K, S>();
  return (key) => {
    let series = made.get(key);
    if (series === undefined) {
      series = make(key);
      made.set(key, series);
    }
    return series;
  };
}
