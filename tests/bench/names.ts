/** One measurement; what it returns is printed as the last line. */
type Measurement = () => Promise<Readonly<Record<string, unknown>>>;

/** What there is to run; null for what is promised and not built yet. */
export type Choices = Readonly<Record<string, Measurement | null>>;

/**
 * Runs the measurement that the arguments name and prints its object, with the name under `key`, as the last line.
 * Gives the exit code: 0, or 2 for a name that is unknown or not there yet.
 */
export async function chooseByName(
  key: 'bench' | 'evidence',
  choices: Choices,
  args: readonly string[],
): Promise<number> {
  const [name, ...rest] = args;
  const there = Object.keys(choices).filter((choice) => choices[choice] !== null);
  if (name === undefined || rest.length > 0 || !Object.hasOwn(choices, name)) {
    const what = name === undefined ? 'a name is needed' : `no ${key} is called ${JSON.stringify(args.join(' '))}`;
    console.error(`${what}: npm run ${key} -- NAME, with NAME one of ${there.join(', ')}`);
    return 2;
  }
  const measurement = choices[name];
  if (measurement === null || measurement === undefined) {
    console.error(`${key} ${name} is not there yet; what it measures is not built. There is ${there.join(', ')}`);
    return 2;
  }
  const result = await measurement();
  console.log(JSON.stringify({ [key]: name, ...result }));
  return 0;
}
