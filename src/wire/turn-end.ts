/** What has something to do once the reads of this turn of the event loop are worked off. Must not throw. */
export interface TurnWork {
  atTurnEnd(): void;
}

/** What has a text for the end of the turn. */
interface TurnWriter {
  flush(): void;
}

/**
 * So many texts wait for the end of the turn at most. A peer on this machine that sleeps costs 3 to 5 µs to wake: texts
 * that go out one behind the other wake it once, and find the system's code warm. The first waits as long as the work for
 * the others takes, half a millisecond.
 */
const TURN_TEXTS = 16;

const putOff: TurnWriter[] = [];
let handOvers: TurnWork[] = [];
let spare: TurnWork[] = [];
let planned = false;

/** Has `atTurnEnd` called once at the end of this turn of the thread's event loop, before its texts go out. A caller asks once a turn. */
export function handOverLater(work: TurnWork): void {
  handOvers.push(work);
  plan();
}

/** Has the writer's text sent at the end of this turn, or at once where enough of them wait. */
export function sendLater(writer: TurnWriter): void {
  if (putOff.push(writer) >= TURN_TEXTS) sendPutOff();
  else plan();
}

/** Sends what the turn has put off, on all sockets of this thread. For a thread that ends in the middle of one: it hands nothing over any more. */
export function sendPutOff(): void {
  for (const writer of putOff) writer.flush();
  putOff.length = 0;
}

function plan(): void {
  if (planned) return;
  planned = true;
  setImmediate(endTurn);
}

/** What is handed over sends its own texts in the same turn; what asks again meanwhile has its turn next. */
function endTurn(): void {
  planned = false;
  if (handOvers.length > 0) handOver();
  sendPutOff();
}

function handOver(): void {
  const works = handOvers;
  handOvers = spare;
  spare = works;
  for (const work of works) work.atTurnEnd();
  works.length = 0;
}
