import { type Config, listsIn, readList } from '../../config/index.ts';
import type { Clock, Files } from '../../ports/index.ts';
import { type Diagnosis, fail, fine, warn } from './diagnosis.ts';

const DAY_MS = 86_400_000;
/** Networks change hands: databases are made anew each week, and one of half a year is wrong about many. */
const OLD_MS = 180 * DAY_MS;

/** Whether the files of lists and databases can be taken, what they hold, and how old a database is. */
export async function checkLists(
  { files, clock }: { readonly files: Files; readonly clock: Clock },
  config: Config,
): Promise<readonly Diagnosis[]> {
  const diagnoses: Diagnosis[] = [];
  for (const named of listsIn(config)) {
    const read = await readList(named, files);
    const { file } = named;
    if (!read.ok) {
      const [says = '', fix = 'put a sound one in its place'] = read.error.text.split('\n');
      diagnoses.push(fail('lists', says, fix));
      continue;
    }
    const { entries, madeAtMs } = read.value;
    if (madeAtMs === null) {
      diagnoses.push(fine('lists', `${file} holds ${entries} ${entries === 1 ? 'entry' : 'entries'}`));
      continue;
    }
    const says = `${file} is of ${new Date(madeAtMs).toISOString().slice(0, 10)}`;
    const isOld = clock.now() - madeAtMs > OLD_MS;
    diagnoses.push(isOld ? warn('lists', says, 'put a newer database in its place') : fine('lists', says));
  }
  return diagnoses;
}
