import {
  type ChangeRecord,
  type CompletionRecord,
  type IntentRecord,
  type LedgerRecord,
  type Observations,
  RECORD_VERSION,
} from '../base/index.ts';
import { ascii, LINE_LIMIT_BYTES, putBytes, putNumber, putNumberOrNull, putText, putTextOrNull } from './line-bytes.ts';

const AT = ascii(',"at":');
const REVISION = ascii(',"revision":');
const API = ascii(',"api":');
const OPERATION = ascii(',"operation":');
const METHOD = ascii(',"method":');
const SUBJECT = ascii(',"subject":');
const ADDRESS = ascii(',"address":');
const VERDICT = ascii(',"verdict":');
const PROBLEM = ascii(',"problem":');
const POLICY = ascii(',"policy":');
const RULE = ascii(',"rule":');
const OUTBOUND = ascii(',"direction":"outbound"');
const OBSERVED = ascii(',"observed":[');
const OBSERVED_PROBLEM = ascii('{"problem":');
const OBSERVED_MORE = ascii(',"observedMore":');
const STATUS = ascii(',"status":');
const UPSTREAM_STATUS = ascii(',"upstreamStatus":');
const REQUEST_BYTES = ascii(',"requestBytes":');
const RESPONSE_BYTES = ascii(',"responseBytes":');
const DURATION = ascii(',"durationUs":');
const UPSTREAM = ascii(',"upstreamUs":');
const GRPC_STATUS = ascii(',"grpcStatus":');
const ORIGINAL_HASH = ascii(',"originalHash":');
const CLEANED = ascii(',"cleaned":');
const RECEIVED_HASH = ascii(',"receivedHash":');
const COMPLETE = ascii(',"complete":true}\n');
const INCOMPLETE = ascii(',"complete":false}\n');
const AUTHOR = ascii(',"author":');
const ACTION = ascii(',"action":');
const TARGET = ascii(',"target":');
const BEFORE = ascii(',"before":');
const AFTER = ascii(',"after":');
const COMMA = ascii(',');
const CLOSE = ascii('}');
const LIST_END = ascii(']');
const END = ascii('}\n');

/** What may stand behind the rules that were observed: how many more there were, and the end of the line. */
const TAIL_BYTES = 64;

/** No position in a line. */
const NOWHERE = -1;

/**
 * Writes records as lines of JSON in printable ASCII, each with its line break. What is not printable ASCII is escaped,
 * so that a line breaks nowhere and colours no terminal; texts of more than 1,024 characters are cut, and end in `…`.
 * The fields are those of the type, in its order; what of a completion is null as a rule stands only where it is not.
 *
 * It runs twice for each request, and most of a line is what the line before of its kind said. So each kind is written
 * into bytes of its own, and a stretch of them stays where its values are those that stand there and nothing before it
 * has another length. Of a record that could not be written to its end nothing is used again.
 */
export class RecordEncoder {
  readonly #intent = new IntentLine();
  readonly #completion = new CompletionLine();
  readonly #change = new ChangeLine();
  #line: Buffer = this.#change.bytes;

  /** Encodes a record; gives the length of its line. */
  encode(record: LedgerRecord): number {
    switch (record.kind) {
      case 'intent':
        this.#line = this.#intent.bytes;
        return this.#intent.write(record);
      case 'completion':
        this.#line = this.#completion.bytes;
        return this.#completion.write(record);
      case 'change':
        this.#line = this.#change.bytes;
        return this.#change.write(record);
    }
  }

  /** Begins with the line that was encoded last, until the next one is. */
  get line(): Buffer {
    return this.#line;
  }
}

/** The beginning of each line, up to the time. */
class LineHead {
  readonly #bytes: Buffer;
  readonly #idStart: number;
  #idEnd = NOWHERE;
  #at = 0;
  #atEnd = NOWHERE;

  constructor(bytes: Buffer, kind: LedgerRecord['kind']) {
    this.#bytes = bytes;
    this.#idStart = putBytes(bytes, 0, ascii(`{"version":${RECORD_VERSION},"kind":"${kind}","id":`));
  }

  forget(): void {
    this.#idEnd = NOWHERE;
  }

  write(id: string, at: number): number {
    const bytes = this.#bytes;
    const idEnd = putText(bytes, this.#idStart, id);
    if (idEnd === this.#idEnd && at === this.#at) return this.#atEnd;
    this.#idEnd = idEnd;
    this.#at = at;
    this.#atEnd = putNumber(bytes, putBytes(bytes, idEnd, AT), at);
    return this.#atEnd;
  }
}

class IntentLine {
  readonly bytes = Buffer.alloc(LINE_LIMIT_BYTES);
  readonly #head = new LineHead(this.bytes, 'intent');
  /** Where each stretch begins, which is where the one before it ends. */
  #placeFrom = NOWHERE;
  #subjectFrom = NOWHERE;
  #addressFrom = NOWHERE;
  #verdictFrom = NOWHERE;
  #end = NOWHERE;
  #revision = 0;
  #api: IntentRecord['api'] = null;
  #operation: IntentRecord['operation'] = null;
  #method = '';
  #subject: IntentRecord['subject'] = null;
  #address = '';
  #verdict: IntentRecord['verdict'] = 'pass';
  #problem: IntentRecord['problem'] = null;
  #policy: IntentRecord['policy'] = null;
  #rule: IntentRecord['rule'] = null;
  #direction: IntentRecord['direction'];
  #observed: IntentRecord['observed'];
  #observedMore: IntentRecord['observedMore'];
  /** Whether the line before was written to its end. */
  #whole = false;

  write(record: IntentRecord): number {
    if (!this.#whole) this.#forget();
    this.#whole = false;
    const placeFrom = this.#head.write(record.id, record.at);
    const subjectFrom = this.#writePlace(placeFrom, record);
    const addressFrom = this.#writeSubject(subjectFrom, record.subject);
    const verdictFrom = this.#writeAddress(addressFrom, record.address);
    const end = this.#writeVerdict(verdictFrom, record);
    this.#whole = true;
    return end;
  }

  #forget(): void {
    this.#head.forget();
    this.#placeFrom = NOWHERE;
    this.#subjectFrom = NOWHERE;
    this.#addressFrom = NOWHERE;
    this.#verdictFrom = NOWHERE;
  }

  #writePlace(from: number, { revision, api, operation, method }: IntentRecord): number {
    if (
      from === this.#placeFrom &&
      revision === this.#revision &&
      api === this.#api &&
      operation === this.#operation &&
      method === this.#method
    ) {
      return this.#subjectFrom;
    }
    const { bytes } = this;
    let at = putNumber(bytes, putBytes(bytes, from, REVISION), revision);
    at = putTextOrNull(bytes, putBytes(bytes, at, API), api);
    at = putTextOrNull(bytes, putBytes(bytes, at, OPERATION), operation);
    at = putText(bytes, putBytes(bytes, at, METHOD), method);
    this.#placeFrom = from;
    this.#revision = revision;
    this.#api = api;
    this.#operation = operation;
    this.#method = method;
    return at;
  }

  #writeSubject(from: number, subject: IntentRecord['subject']): number {
    if (from === this.#subjectFrom && subject === this.#subject) return this.#addressFrom;
    const { bytes } = this;
    this.#subjectFrom = from;
    this.#subject = subject;
    return putTextOrNull(bytes, putBytes(bytes, from, SUBJECT), subject);
  }

  #writeAddress(from: number, address: string): number {
    if (from === this.#addressFrom && address === this.#address) return this.#verdictFrom;
    const { bytes } = this;
    this.#addressFrom = from;
    this.#address = address;
    return putText(bytes, putBytes(bytes, from, ADDRESS), address);
  }

  #writeVerdict(from: number, record: IntentRecord): number {
    const { verdict, problem, policy, rule, direction, observed, observedMore } = record;
    if (
      from === this.#verdictFrom &&
      verdict === this.#verdict &&
      problem === this.#problem &&
      policy === this.#policy &&
      rule === this.#rule &&
      direction === this.#direction &&
      observed === this.#observed &&
      observedMore === this.#observedMore
    ) {
      return this.#end;
    }
    const { bytes } = this;
    let at = putText(bytes, putBytes(bytes, from, VERDICT), verdict);
    at = putTextOrNull(bytes, putBytes(bytes, at, PROBLEM), problem);
    at = putTextOrNull(bytes, putBytes(bytes, at, POLICY), policy);
    at = putTextOrNull(bytes, putBytes(bytes, at, RULE), rule);
    if (direction !== undefined) at = putBytes(bytes, at, OUTBOUND);
    at = putObservations(bytes, at, record);
    this.#verdictFrom = from;
    this.#verdict = verdict;
    this.#problem = problem;
    this.#policy = policy;
    this.#rule = rule;
    this.#direction = direction;
    this.#observed = observed;
    this.#observedMore = observedMore;
    this.#end = putBytes(bytes, at, END);
    return this.#end;
  }
}

class CompletionLine {
  readonly bytes = Buffer.alloc(LINE_LIMIT_BYTES);
  readonly #head = new LineHead(this.bytes, 'completion');
  #replyFrom = NOWHERE;
  #durationFrom = NOWHERE;
  #status = 0;
  #upstreamStatus: CompletionRecord['upstreamStatus'] = null;
  #problem: CompletionRecord['problem'] = null;
  #requestBytes = 0;
  #responseBytes = 0;
  /** Whether the line before was written to its end. */
  #whole = false;

  write(record: CompletionRecord): number {
    const { bytes } = this;
    if (!this.#whole) {
      this.#head.forget();
      this.#replyFrom = NOWHERE;
    }
    this.#whole = false;
    let at = this.#writeReply(this.#head.write(record.id, record.at), record);
    at = putNumber(bytes, at, record.durationUs);
    at = putNumberOrNull(bytes, putBytes(bytes, at, UPSTREAM), record.upstreamUs);
    if (record.grpcStatus !== null) at = putText(bytes, putBytes(bytes, at, GRPC_STATUS), record.grpcStatus);
    if (record.originalHash !== null) at = putText(bytes, putBytes(bytes, at, ORIGINAL_HASH), record.originalHash);
    if (record.cleaned !== null) at = putText(bytes, putBytes(bytes, at, CLEANED), record.cleaned);
    if (record.receivedHash !== null) at = putText(bytes, putBytes(bytes, at, RECEIVED_HASH), record.receivedHash);
    if (record.policy !== null) at = putText(bytes, putBytes(bytes, at, POLICY), record.policy);
    if (record.rule !== null) at = putText(bytes, putBytes(bytes, at, RULE), record.rule);
    at = putObservations(bytes, at, record);
    at = putBytes(bytes, at, record.complete ? COMPLETE : INCOMPLETE);
    this.#whole = true;
    return at;
  }

  #writeReply(from: number, record: CompletionRecord): number {
    const { status, upstreamStatus, problem, requestBytes, responseBytes } = record;
    if (
      from === this.#replyFrom &&
      status === this.#status &&
      upstreamStatus === this.#upstreamStatus &&
      problem === this.#problem &&
      requestBytes === this.#requestBytes &&
      responseBytes === this.#responseBytes
    ) {
      return this.#durationFrom;
    }
    const { bytes } = this;
    let at = putNumber(bytes, putBytes(bytes, from, STATUS), status);
    at = putNumberOrNull(bytes, putBytes(bytes, at, UPSTREAM_STATUS), upstreamStatus);
    at = putTextOrNull(bytes, putBytes(bytes, at, PROBLEM), problem);
    at = putNumber(bytes, putBytes(bytes, at, REQUEST_BYTES), requestBytes);
    at = putNumber(bytes, putBytes(bytes, at, RESPONSE_BYTES), responseBytes);
    this.#replyFrom = from;
    this.#status = status;
    this.#upstreamStatus = upstreamStatus;
    this.#problem = problem;
    this.#requestBytes = requestBytes;
    this.#responseBytes = responseBytes;
    this.#durationFrom = putBytes(bytes, at, DURATION);
    return this.#durationFrom;
  }
}

/**
 * Writes what was observed, where something was. Rules that have no room left in the line are counted with those beyond: what
 * is written behind the end of a buffer is nowhere.
 */
function putObservations(bytes: Uint8Array, from: number, { observed, observedMore = 0 }: Observations): number {
  if (observed === undefined && observedMore === 0) return from;
  let at = from;
  let more = observedMore;
  for (const { problem, policy, rule } of observed ?? []) {
    let to = at === from ? putBytes(bytes, at, OBSERVED) : putBytes(bytes, at, COMMA);
    to = putText(bytes, putBytes(bytes, to, OBSERVED_PROBLEM), problem);
    to = putText(bytes, putBytes(bytes, to, POLICY), policy);
    to = putBytes(bytes, putTextOrNull(bytes, putBytes(bytes, to, RULE), rule), CLOSE);
    if (to + TAIL_BYTES > LINE_LIMIT_BYTES) more++;
    else at = to;
  }
  if (at !== from) at = putBytes(bytes, at, LIST_END);
  return more === 0 ? at : putNumber(bytes, putBytes(bytes, at, OBSERVED_MORE), more);
}

/** Changes are few: nothing of one is used for the next. */
class ChangeLine {
  readonly bytes = Buffer.alloc(LINE_LIMIT_BYTES);

  write(record: ChangeRecord): number {
    const { bytes } = this;
    let at = new LineHead(bytes, 'change').write(record.id, record.at);
    at = putText(bytes, putBytes(bytes, at, AUTHOR), record.author);
    at = putText(bytes, putBytes(bytes, at, ACTION), record.action);
    at = putText(bytes, putBytes(bytes, at, TARGET), record.target);
    at = putTextOrNull(bytes, putBytes(bytes, at, BEFORE), record.before);
    return putBytes(bytes, putTextOrNull(bytes, putBytes(bytes, at, AFTER), record.after), END);
  }
}
