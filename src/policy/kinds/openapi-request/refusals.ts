import type { ProblemError } from '../../../base/index.ts';
import { ACCEPTED_CODINGS, type SignatureFault } from '../../../body/index.ts';
import { type BodyFault, describedPart, type Names, type ParameterFault } from '../../../openapi/index.ts';
import { deny, type Verdict } from '../../verdict.ts';

/** Makes refusals of faults. The rule in each is of the description's words alone, so that records stay bounded. */
export interface Refusals {
  parameters(faults: readonly ParameterFault[]): Verdict;
  body(fault: BodyFault): Verdict;
}

/** A name in a rule is cut here; the record needs to tell parameters apart, not to hold essays. */
const NAME_LENGTH = 100;

/**
 * `names` are the names of described properties, for clients that are told what is wrong; null where they are told only
 * that it is. What was sent is repeated neither to them nor in the log.
 */
export function createRefusals(names: Names | null): Refusals {
  const errors = (list: () => readonly ProblemError[]): { errors?: readonly ProblemError[] } =>
    names === null ? {} : { errors: list() };
  return {
    parameters(faults) {
      const [first] = faults;
      if (first === undefined) throw new Error('a refusal without a fault');
      const internal = `${ruleOf(first)}: ${first.detail}`;
      return deny({ code: 'invalid-parameters', ...errors(() => faults.map(parameterError)), internal }, ruleOf(first));
    },
    body(fault) {
      const { reason } = fault;
      switch (reason) {
        case 'media-type':
          return deny({ code: 'unsupported-media-type', internal: 'content-type: not described' }, 'content-type');
        case 'media-type-not-readable':
          return deny({ code: 'unsupported-media-type', internal: NOT_READABLE }, 'media-type-not-readable');
        case 'missing':
        case 'undescribed':
          return deny(
            { code: 'invalid-body', ...errors(() => [{ detail: WORDS[reason], pointer: '#' }]) },
            `body.${reason}`,
          );
        case 'differs': {
          const list = fault.violations.map(({ pointer, message }) => ({
            detail: message,
            pointer: fragmentOf(describedPart(pointer, names ?? NO_NAMES)),
          }));
          const internal = `body: ${list[0]?.detail ?? ''}`;
          return deny({ code: 'invalid-body', ...errors(() => list), internal }, 'body');
        }
      }
    },
  };
}

/** The refusal of a body in a coding that nobody here undoes (RFC 7694 §3). */
export function codedBody(): Verdict {
  const headers = [['accept-encoding', ACCEPTED_CODINGS]] as const;
  const internal = 'content-encoding: not one that is decoded';
  return deny({ code: 'unsupported-media-type', headers, internal }, 'content-encoding');
}

/** The refusal of a body whose bytes are not what its content type says. */
export function otherContent(fault: SignatureFault): Verdict {
  return deny({ code: 'unsupported-media-type', internal: `content-type: ${CONTENT[fault]}` }, 'content-type');
}

/** The refusal of a request that takes none of the described replies. */
export function notAcceptable(): Verdict {
  return deny({ code: 'not-acceptable', internal: 'accept: excludes every described reply' }, 'accept');
}

const CONTENT: Readonly<Record<SignatureFault, string>> = {
  'other-format': 'the body is not of the format it names',
  executable: 'the body is a program',
  active: 'the body holds script',
  archive: 'the body ends as an archive',
};
const NO_NAMES: Names = new Set();
const NOT_READABLE = 'content-type: described by a schema that bodies of this type cannot be held against';
const WORDS = { missing: 'a body is required', undescribed: 'no body is described' } as const;

function parameterError({ place, name, detail }: ParameterFault): ProblemError {
  return name === null ? { detail: `the ${place} ${detail}` } : { parameter: name, detail };
}

function ruleOf({ place, name, reason }: ParameterFault): string {
  if (name !== null) return `${place}.${name.slice(0, NAME_LENGTH)}`;
  return `${place}.${reason}`;
}

/** A JSON Pointer as a URI fragment (RFC 6901 §6). */
function fragmentOf(pointer: string): string {
  return `#${encodeURI(pointer.toWellFormed()).replaceAll('#', '%23')}`;
}
