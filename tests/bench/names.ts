/** One measurement; what it returns is printed as the last line. */
type Measurement = (options: readonly string[]) => Promise<Readonly<Record<string, unknown>>>;

/** A measurement with the words that it takes besides its name. */
interface Optioned {
  readonly options: readonly string[];
  /** Options that take one of these words behind them. */
  readonly choices?: Readonly<Record<string, readonly string[]>>;
  readonly run: Measurement;
}

/** What there is to run; null for what is promised and not built yet. */
export type Choices = Readonly<Record<string, Measurement | Optioned | null>>;

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
  if (name === undefined || !Object.hasOwn(choices, name)) {
    const what = name === undefined ? 'a name is needed' : `no ${key} is called ${JSON.stringify(args.join(' '))}`;
    console.error(`${what}: npm run ${key} -- NAME, with NAME one of ${there.join(', ')}`);
    return 2;
  }
  const measurement = choices[name];
  if (measurement === null || measurement === undefined) {
    console.error(`${key} ${name} is not there yet; what it measures is not built. There is ${there.join(', ')}`);
    return 2;
  }
  const { run, ...known } = typeof measurement === 'function' ? { options: [], run: measurement } : measurement;
  const fault = faultOf(rest, known);
  if (fault !== null) {
    console.error(`${key} ${name} ${fault}`);
    return 2;
  }
  const result = await run(rest);
  console.log(JSON.stringify({ [key]: name, ...result }));
  return 0;
}

/** What is wrong with the words behind a name, or null. */
function faultOf(words: readonly string[], { options, choices = {} }: Omit<Optioned, 'run'>): string | null {
  const chosen = Object.entries(choices).map(([option, names]) => `${option} with one of ${names.join(', ')}`);
  const told = [...options, ...chosen];
  const known = told.length === 0 ? 'no options' : `the options ${told.join(', ')}`;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const names = Object.hasOwn(choices, word) ? choices[word] : undefined;
    const isKnown = names === undefined ? options.includes(word) : names.includes(words[++at] ?? '');
    if (!isKnown)
      return `takes ${known}, not ${JSON.stringify(names === undefined ? word : words.slice(at - 1, at + 1).join(' '))}`;
  }
  return null;
}
