import { judgeOpenFiles, RAISE_OPEN_FILES } from '../../base/index.ts';
import { type Diagnosis, fine, warn } from './diagnosis.ts';

/** How many connections a gateway could have that is started from here; `limit` is null where there is no limit. */
export function checkOpenFiles(limit: number | null): Diagnosis {
  const { few, words } = judgeOpenFiles(limit);
  if (!few) return fine('open files', words);
  const says = `${words} in what is started from here; a few networks could take all of them, and others are turned away`;
  return warn('open files', says, `raise the limit: ${RAISE_OPEN_FILES}`);
}
