import { errorIssue } from '../base/index.ts';
import { listKey, listsIn } from '../lists/index.ts';
import { heldFile, placeOf, type Work } from './gather-work.ts';
import { readList } from './list-reading.ts';
import { splitWords } from './words.ts';

/** Reads the files of lists, and the databases that lists ask, into the table of files by `listKey`: packed, in memory that threads share. */
export async function gatherLists(work: Work): Promise<void> {
  for (const named of listsIn(work.parsed.config)) {
    const held = heldFile(work, listKey(named));
    if (held !== null) {
      work.gatheredFiles.set(listKey(named), held);
      continue;
    }
    const read = await readList(named, work.files);
    if (read.ok) {
      work.gatheredFiles.set(listKey(named), read.value.packed);
      continue;
    }
    const { message, fix } = splitWords(read.error.text);
    const place = read.error.place ?? placeOf(work, named.path);
    work.issues.push(errorIssue(named.path, message, fix === null ? { place } : { place, fix }));
  }
}
