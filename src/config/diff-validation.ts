import type { ReplyRules } from '../policy/index.ts';
import type { ValidateConfig } from './config.ts';
import type { ChangeEffect, ConfigChange } from './config-change.ts';

/** What an operation's requests and replies are held against. `replies` null: they are not judged. */
export interface Validated {
  /** Null where nothing describes it. */
  readonly validate: ValidateConfig | null;
  readonly replies: ReplyRules | null;
}

type Tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string) => ConfigChange;

const OBSERVED = 'requests and replies that differ from the description are only recorded';
const STRICTNESS = { observe: 0, requests: 1, strict: 2 } as const satisfies Record<ValidateConfig, number>;
const HARDNESS = { report: 0, drop: 1, refuse: 2 } as const satisfies Record<ReplyRules['undescribed'], number>;

/** What differs in what requests and replies are held against; `was` null: the operation is new. */
export function validationChanges(was: Validated | null, is: Validated, tell: Tell): readonly ConfigChange[] {
  if (is.validate === null) return [];
  if (was === null) {
    const observed = is.validate === 'observe' ? [tell('validation', 'loosens', OBSERVED)] : [];
    return [...observed, ...ruleChanges(is.validate === 'strict' ? USUAL : null, is, tell)];
  }
  if (was.validate === null) return [];
  const [before, after] = [was.validate, is.validate];
  if (before === after) return ruleChanges(was.replies, is, tell);
  const effect = STRICTNESS[after] > STRICTNESS[before] ? 'tightens' : 'loosens';
  const changes = [tell('validation', effect, WORDS[after](before))];
  return after === 'strict' ? [...changes, ...ruleChanges(USUAL, is, tell)] : changes;
}

const USUAL: ReplyRules = { undescribed: 'drop', headers: 'pass' };

const WORDS: Readonly<Record<ValidateConfig, (before: ValidateConfig) => string>> = {
  observe: () => OBSERVED,
  requests: (before) => (before === 'strict' ? 'replies are no longer validated' : 'requests are validated'),
  strict: (before) => (before === 'requests' ? 'replies are validated too' : 'requests and replies are validated'),
};

function ruleChanges(
  was: ReplyRules | null,
  { validate, replies: is }: Validated,
  tell: Tell,
): readonly ConfigChange[] {
  if (validate !== 'strict' || was === null || is === null) return [];
  const changes: ConfigChange[] = [];
  if (was.undescribed !== is.undescribed) {
    const effect = HARDNESS[is.undescribed] > HARDNESS[was.undescribed] ? 'tightens' : 'loosens';
    changes.push(tell('replies', effect, UNDESCRIBED[is.undescribed]));
  }
  if (was.headers !== is.headers) {
    const passes = is.headers === 'pass';
    const words = `header fields of replies that are not described ${passes ? 'pass' : 'are taken out'}`;
    changes.push(tell('replies', passes ? 'loosens' : 'tightens', words));
  }
  return changes;
}

const UNDESCRIBED = {
  report: 'what is not described in replies passes, and is recorded',
  drop: 'what is not described is taken out of replies',
  refuse: 'replies with what is not described are refused',
} as const;
