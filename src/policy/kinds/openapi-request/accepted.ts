import type { AcceptJudge } from '../../../openapi/index.ts';

/** The clients of one operation write Accept in a few ways; what strangers make up beyond them is read each time. */
const SPELLINGS = 32;
/** Browsers take some 150; longer ones would stay in memory as long as the configuration. */
const SPELLING_LENGTH = 300;

/** The same judge, which remembers its verdicts of a bounded number of spellings. */
export function createRememberedAccept(judge: AcceptJudge): AcceptJudge {
  const known = new Map<string, boolean>();
  return (accept) => {
    const before = known.get(accept);
    if (before !== undefined) return before;
    const verdict = judge(accept);
    // What is cut out of a request's head would keep all of that head in memory; a copy does not.
    if (known.size < SPELLINGS && accept.length <= SPELLING_LENGTH) {
      known.set(Buffer.from(accept, 'latin1').toString('latin1'), verdict);
    }
    return verdict;
  };
}
